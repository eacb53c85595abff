// The readable lines of a plan: what they mean, how they are written back, where a wrong one is wrong.

import Testing
import WeirEngine

@testable import WeirServer

/// `300 recipients per hour, burst 60` and its like.
@Suite struct ConfigurationLimitLineTests {
    /// Lines and their limits.
    @Test(arguments: [
        ("300 recipients per hour, burst 60", Limit(300, .recipients, perSeconds: 3600, burst: 60)),
        ("300 Recipients  per hour burst 60", Limit(300, .recipients, perSeconds: 3600, burst: 60)),
        ("100 new recipients per day", Limit(100, .newRecipients, perSeconds: 86_400)),
        ("2 GB per day", Limit(2_000_000_000, .bytes, perSeconds: 86_400)),
        ("2GB a day, burst 20MiB", Limit(2_000_000_000, .bytes, perSeconds: 86_400, burst: 20 << 20)),
        (
            "2000000000 bytes per day, burst 10240000",
            Limit(2_000_000_000, .bytes, perSeconds: 86_400, burst: 10_240_000)
        ),
        ("50 messages per 15 minutes, burst 20", Limit(50, .messages, perSeconds: 900, burst: 20)),
        ("1 message every second", Limit(1, .messages, perSeconds: 1)),
        ("1 recipient an hour", Limit(1, .recipients, perSeconds: 3600)),
        ("20 dead recipients per hour", Limit(20, .deadRecipients, perSeconds: 3600)),
        ("10 null-sender messages per hour", Limit(10, .nullSenderMessages, perSeconds: 3600)),
        ("10 null sender messages each hour", Limit(10, .nullSenderMessages, perSeconds: 3600)),
        ("25 distinct reverse-paths per day", Limit(25, .distinctReversePaths, perSeconds: 86_400)),
        ("25 distinct recipient domains per week", Limit(25, .distinctDomains, perSeconds: 604_800)),
        ("25 distinct recipients per 366 days", Limit(25, .distinctRecipients, perSeconds: 366 * 86_400)),
    ]) func good(line: String, limit: Limit) throws {
        #expect(try LimitLine(line).limit() == limit)
    }

    /// What a limit writes is read back as the same limit, by either spelling.
    @Test func roundTrip() throws {
        for dimension in Dimension.allCases {
            for period: Int64 in [1, 59, 60, 900, 3600, 5400, 86_400, 604_800, 86_400 * 366] {
                for (amount, burst): (Int64, Int64?) in [(1, nil), (7, 3), (300, 60), (1_000_000, 2_048), (9, 90)] {
                    let limit = Limit(amount, dimension, perSeconds: period, burst: burst)
                    guard limit.fault == nil else { continue }
                    #expect(try LimitLine(limit.line).limit() == limit)
                    #expect(try LimitLine(LimitLine(limit).description).limit() == limit)
                }
            }
        }
    }

    /// Wrong lines: the column of the wrong word from 1, and what is found there.
    @Test(arguments: [
        ("", 1, "the end of the line"), ("recipients per hour", 1, "'recipients'"), ("300", 4, "the end of the line"),
        ("300 recpients per hour", 5, "'recpients'"), ("300 red herrings per hour", 5, "'red herrings'"),
        ("300 per hour", 5, "'per'"), ("300 recipients", 15, "the end of the line"),
        ("300 recipients per", 19, "the end of the line"), ("300 recipients per fortnight", 20, "'fortnight'"),
        ("300 recipients per month", 20, "'month'"), ("300 recipients per 0 hours", 20, "'0'"),
        ("300 recipients per 400 days", 20, "'400'"), ("0 recipients per hour", 1, "'0'"),
        ("0300 recipients per hour", 1, "'0300'"), ("1_000 recipients per hour", 1, "'1_000'"),
        ("10k recipients per hour", 1, "'10k'"), ("1.5 GB per day", 1, "'1.5'"), ("-3 messages per day", 1, "'-3'"),
        ("99999999999999999999 messages per day", 1, "'99999999999999999999'"), ("20 TB per second", 1, "'20'"),
        ("300 recipients per hour,", 25, "the end of the line"), ("300 recipients per hour, bust 60", 26, "'bust'"),
        ("300 recipients per hour, burst", 31, "the end of the line"), ("300 recipients per hour, burst 0", 32, "'0'"),
        ("300 recipients per hour, burst 60 MB", 35, "'MB'"), ("300 recipients per hour burst 60 hold", 34, "'hold'"),
        ("300 new recipients per hour, burst 60", 30, "'burst'"), ("1,000 recipients per day", 2, "','"),
        ("1 message per 366 days, burst 1000", 1, "'1 message per 366 days, burst 1000'"),
    ]) func bad(line: String, column: Int, found: String) {
        #expect { try LimitLine(line) } throws: {
            guard let fault = $0 as? LimitLineFault else { return false }
            let isSentence = fault.remedy.hasSuffix(".") || fault.remedy.hasSuffix("?")
            return fault.offset + 1 == column && fault.found == found && isSentence
        }
    }

    /// In a file the column counts from the line's start, quotes included.
    @Test func columnsInAFile() {
        let yaml = """
            policy:
              plans:
                - name: home
                  kind: mua
                  limits:
                    - 300 recpients per hour
                    - "300 recipients per yaer"
                    - {limit: 20 messages per hour, burst: 3}
            """
        #expect(
            ConfigurationFixture(yaml: yaml).faults.map { $0.prefix(49) } == [
                "weir.yaml:6:15: found 'recpients', expected messa",
                "weir.yaml:7:31: found 'yaer', expected second, mi",
                "weir.yaml:8:41: found the unknown key 'burst', ex",
            ])
    }
}
