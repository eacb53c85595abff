// Frames: what is whole, what is not yet, what never will be.

import MailTypes
import Milter
import Testing

@Suite struct MilterFrameTests {
    @Test func composesLengthLetterPayload() {
        #expect(MilterFrame(72, Array("pc".utf8) + [0]).bytes == [0, 0, 0, 4, 72, 112, 99, 0])
        #expect(MilterFrame(99).bytes == [0, 0, 0, 1, 99])
    }

    @Test func parsesOneAfterTheOther() throws {
        let bytes = MilterFrame(68, [67]).bytes + MilterFrame(81).bytes + [0, 0]
        var place = 0
        #expect(try MilterFrame.parse(bytes.span, at: &place) == MilterFrame(68, [67]))
        #expect(try MilterFrame.parse(bytes.span, at: &place) == MilterFrame(81))
        #expect(try MilterFrame.parse(bytes.span, at: &place) == nil)
        #expect(place == bytes.count - 2)
    }

    @Test func everyPrefixIsIncomplete() throws {
        let bytes = MilterFrame(72, Array("delian".utf8) + [0]).bytes
        for length in 0..<bytes.count {
            var place = 0
            #expect(try MilterFrame.parse(bytes.span.extracting(0..<length), at: &place) == nil)
            #expect(place == 0)
        }
    }

    @Test(arguments: [
        ([0, 0, 0, 0] as [UInt8], DoorError.Code.badLength), ([0, 16, 0, 1], .tooLarge),
        ([255, 255, 255, 255], .tooLarge),
    ])
    func refusesLengths(bytes: [UInt8], code: DoorError.Code) {
        var place = 0
        #expect(throws: DoorError(code, found: "", expected: "")) {
            try MilterFrame.parse(bytes.span, at: &place)
        }
    }

    @Test func aFrameOfTheGreatestLengthPasses() throws {
        let frame = MilterFrame(66, [UInt8](repeating: 7, count: MilterFrame.frameBytesMax - 1))
        var place = 0
        #expect(try MilterFrame.parse(frame.bytes.span, at: &place) == frame)
    }
}
