// temporary
import WeirAudit
extension AuditOutcome {
    public var plain: String {
        var s =
            "lines \(lineCount) bytes \(bytes) ms \(nanoseconds/1_000_000) \(Double(bytes)/Double(nanoseconds)*1000) MB/s\n\(report.volumes)\n"
        for a in report.stolen {
            s += "STOLEN \(a.subscriber) \(a.suspicion.score) \(a.suspicion.lines.map { "\($0.score) \($0.why)" })\n"
        }
        for a in report.noted {
            s += "noted \(a.subscriber) \(a.suspicion.score) \(a.suspicion.lines.map { "\($0.score) \($0.why)" })\n"
        }
        s += "touched \(report.touched.count) near \(report.near.count) \(report.suggestions.map(\.line))\n"
        for r in lines.prefix(20) { s += "\(r.category) \(r.server) \(r.kind) \(r.count)\n" }
        return s
    }
}
