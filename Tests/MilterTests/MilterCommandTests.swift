// Every command of the mail server: to bytes and back, and what is refused.

import MailTypes
import Milter
import Testing

/// One of each command, and its frame behind the length.
private let commands: [(MilterCommand, [UInt8])] = [
    (
        .negotiate(MilterNegotiation(version: 6, actions: [.addHeaders], steps: [.skip])),
        [79, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 4, 0]
    ),
    (.macros(67, []), Array("DC".utf8)),
    (
        .macros(82, [MilterMacro("{rcpt_host}", "5.1.1"), MilterMacro("i", "")]),
        Array("DR{rcpt_host}\u{0}5.1.1\u{0}i\u{0}\u{0}".utf8)
    ),
    (
        .connect(MilterClientAddress(host: "a", family: .ipv4, port: 50123, address: "192.0.2.7")),
        [67, 97, 0, 52, 0xC3, 0xCB] + Array("192.0.2.7\u{0}".utf8)
    ),
    (
        .connect(MilterClientAddress(host: "a", family: .ipv6, port: 25, address: "IPv6:2001:db8::1")),
        [67, 97, 0, 54, 0, 25] + Array("IPv6:2001:db8::1\u{0}".utf8)
    ),
    (
        .connect(MilterClientAddress(host: "a", family: .local, port: 0, address: "/run/x")),
        [67, 97, 0, 76, 0, 0] + Array("/run/x\u{0}".utf8)
    ),
    (.connect(MilterClientAddress(host: "localhost", family: .unknown)), Array("Clocalhost\u{0}U".utf8)),
    (.helo("pc.example"), Array("Hpc.example\u{0}".utf8)),
    (.mail(["<>"]), Array("M<>\u{0}".utf8)),
    (
        .mail(["<a@b.example>", "SIZE=12", "BODY=8BITMIME"]),
        Array("M<a@b.example>\u{0}SIZE=12\u{0}BODY=8BITMIME\u{0}".utf8)
    ),
    (.recipient(["<c@d.example>", "NOTIFY=NEVER"]), Array("R<c@d.example>\u{0}NOTIFY=NEVER\u{0}".utf8)),
    (.data, Array("T".utf8)),
    (.header(name: "Subject", body: " a\n\tb"), Array("LSubject\u{0} a\n\tb\u{0}".utf8)),
    (.header(name: "X", body: ""), Array("LX\u{0}\u{0}".utf8)),
    (.endOfHeaders, Array("N".utf8)),
    (.body([1, 0, 2]), [66, 1, 0, 2]),
    (.endOfMessage([]), Array("E".utf8)),
    (.endOfMessage([0, 13, 10]), [69, 0, 13, 10]),
    (.abort, Array("A".utf8)),
    (.quit, Array("Q".utf8)),
    (.quitNewConnection, Array("K".utf8)),
    (.unknown("XFOO bar"), Array("UXFOO bar\u{0}".utf8)),
]

@Suite struct MilterCommandTests {
    @Test(arguments: commands.indices) func composesAndParses(index: Int) throws {
        let (command, bytes) = commands[index]
        #expect(command.frame.bytes == [0, 0, 0, UInt8(bytes.count)] + bytes)
        #expect(try MilterCommand(parsing: MilterFrame(bytes[0], Array(bytes.dropFirst()))) == command)
        #expect(command.letter.rawValue == bytes[0])
    }

    @Test func everyLetterHasACommand() {
        #expect(Set(commands.map { $0.0.letter }) == Set(MilterCommand.Letter.allCases))
    }

    @Test(arguments: [
        ("X", "", DoorError.Code.notThisProtocol), ("c", "", .notThisProtocol),
        ("T", "x", .badLength), ("Q", "\u{0}", .badLength), ("A", "x", .badLength), ("N", "x", .badLength),
        ("K", "x", .badLength),
        ("H", "", .badField), ("H", "pc", .badField), ("H", "pc\u{0}x", .badLength),
        ("M", "", .badField), ("M", "<a>", .badField), ("M", "<a>\u{0}SIZE=1", .badField), ("R", "", .badField),
        ("L", "Subject\u{0}", .badField), ("L", "Subject", .badField), ("L", "a\u{0}b\u{0}c\u{0}", .badLength),
        ("D", "", .badLength), ("D", "Ci\u{0}", .badField), ("D", "Ci\u{0}x", .badField), ("D", "Ci", .badField),
        ("C", "host", .badField), ("C", "host\u{0}", .badField), ("C", "host\u{0}9", .badField),
        ("C", "host\u{0}4\u{0}", .badLength), ("C", "host\u{0}4\u{0}\u{0}1.2.3.4", .badField),
        ("C", "host\u{0}4\u{0}\u{0}1.2.3.4\u{0}x", .badLength), ("C", "host\u{0}Ux", .badLength),
        ("O", "\u{0}\u{0}\u{0}\u{6}", .badLength), ("U", "XFOO", .badField),
        ("O", "\u{0}\u{0}\u{0}\u{6}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{1}i", .badField),
    ])
    func refuses(letter: String, payload: String, code: DoorError.Code) {
        #expect(throws: DoorError(code, found: "", expected: "")) {
            try MilterCommand(parsing: MilterFrame(letter.utf8.first!, Array(payload.utf8)))
        }
    }

    @Test func aStringNeverHoldsANul() {
        #expect(MilterString("a\u{0}b").bytes == Array("ab".utf8))
        #expect(MilterString(bytes: [0]).bytes == [])
    }

    @Test func textOfAPeerIsMadeSafe() {
        #expect(MilterString(bytes: Array("a\r\nb\u{7F}\u{85}ü".utf8) + [0xFF]).description == "a??b??ü\u{FFFD}")
        #expect(MilterString(String(repeating: "x", count: 10_000)).description.utf8.count == 512)
    }
}
