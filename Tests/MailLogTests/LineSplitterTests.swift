// Lines from pieces: however a file is cut, the lines are the same.

import MailTypes
import Testing

@testable import MailLog

@Suite struct LineSplitterTests {
    /// The lines of pieces.
    private func lines(_ pieces: [[UInt8]]) -> [String] {
        var splitter = LineSplitter()
        var lines: [String] = []
        func add(_ bytes: [UInt8], isCut: Bool) {
            lines.append(String(decoding: bytes, as: UTF8.self) + (isCut ? "…" : ""))
        }
        for piece in pieces {
            var start = 0
            while let place = splitter.next(piece.span, from: &start) {
                switch place {
                case .piece(let range): add(Array(piece[range]), isCut: splitter.isCut)
                case .carried: add(splitter.carried, isCut: splitter.isCut)
                }
            }
        }
        if splitter.last() != nil { add(splitter.carried, isCut: splitter.isCut) }
        return lines
    }

    /// Bytes in pieces of random length.
    private func pieces(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + Int.random(in: 1...40, using: &random))
            pieces.append(Array(bytes[start..<end]))
            start = end
        }
        return pieces
    }

    @Test func splitsTheSameHoweverItIsCut() {
        let text = "one\ntwo\r\n\n\r\nthree, which is longer than eight bytes\nlast without end"
        let whole = lines([Array(text.utf8)])
        #expect(whole == ["one", "two", "", "", "three, which is longer than eight bytes", "last without end"])
        #expect(lines(text.utf8.map { [$0] }) == whole)
        var random = SeededGenerator(seed: 7)
        for _ in 0..<50 { #expect(lines(pieces(Array(text.utf8), &random)) == whole) }
    }

    @Test func aLongLineIsCutTheSameWay() {
        let long = [UInt8](repeating: 97, count: 1_000_000) + [13, 10] + Array("next\n".utf8)
        let whole = lines([long])
        #expect(whole.count == 2 && whole[1] == "next")
        #expect(whole[0] == String(repeating: "a", count: LineSplitter.lineBytesMax) + "…")
        let cut = stride(from: 0, to: long.count, by: 4096).map { Array(long[$0..<min($0 + 4096, long.count)]) }
        #expect(lines(cut) == whole)
        let exact = [UInt8](repeating: 98, count: LineSplitter.lineBytesMax) + [10]
        #expect(lines([exact]) == lines([Array(exact[..<9]), Array(exact[9...])]))
    }

    @Test func aReaderTellsTheSameHoweverTheFileIsCut() {
        let log =
            AssemblerTests.simple
            + syslog(
                "9 postfix/smtpd[8]: NOQUEUE: reject: RCPT from x[192.0.2.8]: 550 5.7.1 no; from=<> to=<x@example.org>")
        let whole = tell(log)
        #expect(whole.count == 3)
        var random = SeededGenerator(seed: 8)
        for _ in 0..<30 {
            var reader = MailLogReader(testFile, keys: testKeys)
            var facts: [MailFact] = []
            for piece in pieces(Array(log.utf8), &random) {
                reader.read(piece.span)
                facts += take(&reader)
            }
            reader.finish()
            facts += take(&reader)
            #expect(facts == whole)
        }
    }

    @Test func aMessageMaySpanFiles() {
        let lines = AssemblerTests.simple.split(separator: "\n", omittingEmptySubsequences: false).map { $0 + "\n" }
        for cut in 1..<lines.count - 1 {
            var reader = MailLogReader(testFile, keys: testKeys)
            reader.read(lines[..<cut].joined().utf8Span.span)
            reader.begin(testFile)
            #expect(tell(&reader, lines[cut...].joined()) == tell(AssemblerTests.simple), "cut at line \(cut)")
        }
    }
}
