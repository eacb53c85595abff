// A frame: the unit of the milter protocol in both directions.
//
//     00 00 00 08  48  64 65 6c 69 61 6e 00          length 8 · command 'H' · "delian" and its NUL
//
// The length is 32 bits, big-endian; it counts the command byte and the payload, not itself. There is no RFC: the source is
// libmilter (mfdef.h, comm.c) and Postfix (milter8.c), which agree on all that stands here.

import MailTypes

/// One command or reply as it stands on the wire: a letter and its payload.
public struct MilterFrame: Hashable, Sendable {
    /// The letter: `C`, `H`, … from the mail server; `c`, `a`, … from the filter.
    public var command: UInt8
    /// What follows the letter.
    public var payload: [UInt8]

    /// The longest frame taken, its length field left out: libmilter's largest data size, 1 MiB, letter included. We never
    /// negotiate more than 64 KiB, so a frame beyond it is an attack or another protocol.
    public static let frameBytesMax = 1 << 20
    /// The longest first frame: an offer has 13 bytes, and nobody who has not said that much is given a buffer.
    public static let firstFrameBytesMax = 512
    /// The size of the length field.
    static let lengthBytes = 4

    /// A frame.
    public init(_ command: UInt8, _ payload: [UInt8] = []) {
        self.command = command
        self.payload = payload
    }

    /// The frame as sent.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        compose(into: &bytes)
        return bytes
    }

    /// Appends the frame as sent.
    public func compose(into bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + MilterFrame.lengthBytes + 1 + payload.count)
        bytes.appendNumber(UInt32(truncatingIfNeeded: payload.count + 1))
        bytes.append(command)
        bytes.append(contentsOf: payload)
    }

    /// The frame at `place`, which moves behind it; nil where it is not yet complete. Throws where its length is 0 or above
    /// `bytesMax`.
    public static func parse(
        _ bytes: Span<UInt8>, at place: inout Int, bytesMax: Int = frameBytesMax
    ) throws(DoorError) -> MilterFrame? {
        guard let length = try frameLength(bytes, at: place, bytesMax: bytesMax),
            bytes.count - place - lengthBytes >= length
        else { return nil }
        let first = place + lengthBytes
        place = first + length
        return MilterFrame(bytes[first], bytes.copy(first + 1..<place))
    }

    /// The length field at `place`, checked; nil where fewer than four bytes are there.
    static func frameLength(_ bytes: Span<UInt8>, at place: Int, bytesMax: Int) throws(DoorError) -> Int? {
        guard bytes.count - place >= lengthBytes else { return nil }
        var next = place
        let length = Int(try bytes.number32(at: &next))
        guard length > 0 else {
            throw DoorError(.badLength, found: "a frame of 0 bytes", expected: "a command byte")
        }
        guard length <= bytesMax else {
            throw DoorError(.tooLarge, found: "a frame of \(length) bytes", expected: "at most \(bytesMax)")
        }
        return length
    }
}
