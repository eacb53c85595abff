// How the page looks: one style sheet, for light and dark screens, wide and narrow ones, and paper.

/// The style sheet of the page.
enum PageStyle {
    /// CSS. Colours are named once, and chosen to be told apart in both schemes and by those who see red and green alike.
    static let sheet = """
        :root{color-scheme:light dark;--paper:#fff;--ground:#f4f5f3;--ink:#1b2226;--soft:#566168;--line:#dfe3e1;--mail:#5b8fb5;--half:#2f6690;--abuse:#c2361f;--abuse-soft:#fbe9e5;--good:#1c6b45;--limit:#8a5a00;--code:#eef1f0}
        @media (prefers-color-scheme:dark){:root{--paper:#1b2125;--ground:#12171a;--ink:#e8ecee;--soft:#a3b0b7;--line:#333d43;--mail:#5f9cc9;--half:#9cc7e8;--abuse:#ff7a62;--abuse-soft:#3a211d;--good:#6fd3a0;--limit:#f0b64c;--code:#242c31}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
        main{max-width:68rem;margin:0 auto;padding:2rem 1.25rem 4rem}
        header{padding:.5rem 0 1rem}
        h1{font-size:clamp(1.45rem,1rem + 2.2vw,2.3rem);line-height:1.2;letter-spacing:-.015em;font-weight:650;margin:.35rem 0 .75rem;text-wrap:balance;max-width:30em}
        h2{font-size:1.2rem;margin:2.75rem 0 .25rem;font-weight:650}
        h3{font-size:1.05rem;margin:0;font-weight:650;overflow-wrap:anywhere}
        p{margin:.35rem 0 .9rem;max-width:46em}
        .soft,figcaption,.kicker{color:var(--soft)}
        .kicker{font-size:.85rem;margin:0;letter-spacing:.02em}
        .figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin:1.25rem 0;padding:0;list-style:none}
        .figures li,.card,.panel{background:var(--paper);border:1px solid var(--line);border-radius:.6rem}
        .figures li{padding:.8rem 1rem}
        .figures b{display:block;font-size:1.55rem;line-height:1.2;font-weight:650;font-variant-numeric:tabular-nums}
        .figures span{color:var(--soft);font-size:.9rem}
        .figures .bad b{color:var(--abuse)}
        .panel{padding:1rem 1.1rem;margin:.75rem 0}
        figure{margin:0}
        figcaption{font-size:.9rem;margin-bottom:.6rem}
        .key{display:inline-flex;align-items:center;gap:.4rem;margin-right:1rem;white-space:nowrap}
        .key i{width:.8rem;height:.8rem;border-radius:.15rem;background:var(--mail)}
        .key .abuse{background:var(--abuse)}
        .key .half{background:var(--half)}
        .key .most99{background:var(--mail);opacity:.45}
        .key .limit{width:.25rem;height:1rem;background:var(--limit)}
        .key .most{width:.4rem;height:1rem}
        .chart{display:grid;grid-template-columns:auto 1fr;grid-template-rows:9rem 1.5rem}
        .card .chart{grid-template-rows:4.5rem 1.4rem}
        .scale{position:relative;min-width:3.1rem}
        .scale span{position:absolute;right:.5rem;transform:translateY(50%);font-size:.75rem;color:var(--soft);font-variant-numeric:tabular-nums}
        .chart svg{width:100%;height:100%;display:block;border-bottom:1px solid var(--soft)}
        .days{grid-column:2;position:relative;overflow:hidden}
        .days span{position:absolute;font-size:.75rem;color:var(--soft);padding:.15rem 0 0 .25rem;border-left:1px solid var(--line);white-space:nowrap}
        .grid{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke;fill:none}
        rect.mail{fill:var(--mail)}rect.abuse{fill:var(--abuse)}
        .card{padding:1.1rem 1.2rem;margin:.9rem 0;border-left:.3rem solid var(--abuse)}
        .card .top{display:flex;justify-content:space-between;gap:.25rem 1rem;flex-wrap:wrap;align-items:baseline}
        .card .top span{color:var(--soft);font-size:.9rem}
        .card p{margin:.4rem 0}
        .why{list-style:none;margin:.6rem 0 .9rem;padding:0;display:grid;gap:.3rem}
        .why li{display:grid;grid-template-columns:2.6rem 1fr;gap:.6rem;align-items:baseline}
        .why b{color:var(--abuse);font-variant-numeric:tabular-nums;text-align:right}
        .rest{background:var(--code);border-radius:.4rem;padding:.5rem .75rem}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:.95rem}
        th{font-weight:600;color:var(--soft);font-size:.85rem;white-space:nowrap}
        th,td{padding:.45rem .9rem .45rem 0;border-bottom:1px solid var(--line);vertical-align:top}
        tr:last-child td{border-bottom:0}
        td:first-child{overflow-wrap:anywhere;min-width:9rem}
        .words{text-align:left}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        .meter{display:inline-block;width:6rem;max-width:25vw;height:.6rem;border-radius:.3rem;background:var(--line);overflow:hidden;vertical-align:middle}
        .meter i{display:block;height:100%;background:var(--mail)}
        .meter .abuse{background:var(--abuse)}
        .tag{color:var(--abuse);font-size:.85rem;white-space:nowrap}
        .limit-row{padding:.8rem 0;border-bottom:1px solid var(--line)}
        .limit-row:last-of-type{border-bottom:0}
        .limit-row p{margin:.1rem 0}
        .quantile{width:100%;height:1.75rem;display:block;margin:.3rem 0}
        rect.track{fill:var(--line)}rect.half{fill:var(--half)}rect.most99{fill:var(--mail);opacity:.45}rect.limit{fill:var(--limit)}
        pre{background:var(--code);border-radius:.5rem;padding:.9rem 1rem;overflow-x:auto;font:.88rem/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;margin:.6rem 0}
        ol,.plain{padding-left:1.3rem;max-width:46em}
        .well{color:var(--good)}
        footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.9rem}
        @media (max-width:34rem){main{padding:1rem .9rem 3rem}.chart{grid-template-rows:7.5rem 1.5rem}.panel,.card{padding:.85rem .9rem}th,td{padding-right:.6rem}.scale{min-width:2.6rem}.days span:nth-child(even){display:none}}
        @media print{:root{color-scheme:light;--paper:#fff;--ground:#fff;--ink:#000;--soft:#444;--line:#ccc;--mail:#5b8fb5;--half:#2f6690;--abuse:#c2361f;--limit:#8a5a00;--code:#f3f3f3;--good:#1c6b45}body{font-size:11pt}main{max-width:none;padding:0}.card,.panel,.limit-row,tr{break-inside:avoid}h2{break-after:avoid}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}

        """
}
