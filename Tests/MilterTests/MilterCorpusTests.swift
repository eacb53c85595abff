// Recorded conversations between a Postfix and a filter, replayed. They are not part of this repository: the test runs
// where WEIR_CORPORA names the folder they were unpacked to.

import Foundation
import MailTypes
import Milter
import Testing

/// The folder of the recordings.
private let corpora = ProcessInfo.processInfo.environment["WEIR_CORPORA"]

/// The two directions of one recording.
private struct Recording {
    /// The bytes of the mail server.
    var server: [UInt8] = []
    /// The bytes of the filter.
    var filter: [UInt8] = []

    /// Reads a hex dump: `0010  7f 00 …   text`; the filter's is indented.
    init(_ text: String) {
        for line in text.split(separator: "\n") {
            let isFilter = line.hasPrefix("  ")
            let body = line.drop { $0 == " " }
            guard body.count > 6, body.prefix(4).allSatisfy(\.isHexDigit), body.dropFirst(4).hasPrefix("  ") else {
                continue
            }
            let bytes = body.dropFirst(6).prefix(48).split(separator: " ").compactMap { UInt8($0, radix: 16) }
            if isFilter { filter += bytes } else { server += bytes }
        }
    }
}

/// All frames of some bytes; nothing may be left over.
private func frames(_ bytes: [UInt8]) throws -> [MilterFrame] {
    var place = 0
    var frames: [MilterFrame] = []
    while let frame = try MilterFrame.parse(bytes.span, at: &place) { frames.append(frame) }
    #expect(place == bytes.count)
    return frames
}

@Suite(.enabled(if: corpora != nil)) struct MilterCorpusTests {
    /// The recordings found.
    private func recordings() -> [(String, Recording)] {
        let folder = (corpora ?? "") + "/protocol/milter"
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".log") || $0.hasSuffix("packet.txt") }.sorted().compactMap { name in
            guard let text = try? String(contentsOfFile: folder + "/" + name, encoding: .isoLatin1) else { return nil }
            return (name, Recording(text))
        }
    }

    @Test func everyFrameComesBackAsItWas() throws {
        let recordings = recordings()
        #expect(recordings.count > 30)
        for (name, recording) in recordings {
            #expect(!recording.server.isEmpty && !recording.filter.isEmpty, "\(name)")
            for frame in try frames(recording.server) {
                #expect(try MilterCommand(parsing: frame).frame == frame, "\(name)")
            }
            for frame in try frames(recording.filter) {
                #expect(try MilterReply(parsing: frame).frame == frame, "\(name)")
            }
        }
    }

    @Test func theSessionFollowsEveryServer() throws {
        for (name, recording) in recordings() {
            var session = makeSession()
            try session.receive(recording.server.span)
            var asked: [Transaction] = []
            var isClosed = false
            while let action = try session.next() {
                if case .ask(let transaction) = action {
                    asked.append(transaction)
                    session.decided(.accept)
                }
                if case .close = action { isClosed = true }
            }
            let commands = try frames(recording.server).map { try MilterCommand(parsing: $0).letter }
            #expect(isClosed == commands.contains(.quit), "\(name)")
            #expect(asked.count == commands.filter { $0 == .endOfMessage }.count, "\(name)")
            for transaction in asked {
                #expect(transaction.session.client != nil && transaction.session.clientPort != 0, "\(name)")
                #expect(transaction.envelope.recipientCount > 0 && transaction.envelope.bytes > 0, "\(name)")
                #expect(!transaction.queueID.isEmpty && transaction.content.fields.count == 1, "\(name)")
            }
        }
    }
}
