// The bytes that came and were not yet understood, and the frames in them.

import MailTypes

/// Cuts a connection's bytes into frames without copying them.
///
/// One array holds the unread rest, with an index of the first unread byte; it is compacted only when new bytes come. The
/// payload of body frames (`B`, and the data that `E` may carry) is never kept: only its length is wanted, so it is dropped
/// as it comes, and a frame of the body is told in pieces.
struct MilterFrameReader: Sendable {
    /// What was found.
    enum Found: Hashable, Sendable {
        /// A whole frame: its letter, and where in `bytes` its payload stands until the next `append`.
        case frame(UInt8, Range<Int>)
        /// A part of a body frame: its letter, how many bytes of payload it brings, and whether the frame ends with it.
        case piece(UInt8, Int, isLast: Bool)
    }

    /// The unread bytes, behind bytes already read.
    private(set) var bytes: [UInt8] = []
    /// The first unread byte.
    private var place = 0
    /// The letter of the body frame that is being dropped; 0 where there is none.
    private var pieceCommand: UInt8 = 0
    /// What is still to come of it.
    private var pieceRest = 0
    /// What was dropped of it by `append` and not yet told.
    private var pieceDropped = 0

    /// Most unread bytes kept. A mail server waits for our answers, so more than one frame and one read is never unread for
    /// long; beyond it the connection is in error.
    static let unreadBytesMax = 2 << 20
    /// An empty buffer larger than this is given back.
    static let idleBytesMax = 128 << 10

    /// An empty reader.
    init() {}

    /// Takes in bytes; throws where the unread rest would pass its bound.
    mutating func append(_ given: Span<UInt8>) throws(DoorError) {
        if place == bytes.count {
            if bytes.capacity > MilterFrameReader.idleBytesMax {
                bytes = []
            } else {
                bytes.removeAll(keepingCapacity: true)
            }
            place = 0
        } else if place > 1 << 16 || place > bytes.count / 2 {
            bytes.removeSubrange(0..<place)
            place = 0
        }
        let dropped = bytes.isEmpty ? min(pieceRest, given.count) : 0
        pieceRest -= dropped
        pieceDropped += dropped
        let rest = given.extracting(dropped..<given.count)
        guard bytes.count - place + rest.count <= MilterFrameReader.unreadBytesMax else {
            throw DoorError(
                .tooLarge, found: "\(bytes.count - place + rest.count) bytes that wait to be read",
                expected: "at most \(MilterFrameReader.unreadBytesMax)")
        }
        bytes.append(addingCapacity: rest.count) { output in
            for index in rest.indices { output.append(rest[index]) }
        }
    }

    /// The next frame, or the next piece of a body frame; nil where more bytes are needed.
    mutating func next(bytesMax: Int = MilterFrame.frameBytesMax) throws(DoorError) -> Found? {
        if pieceCommand != 0 { return nextPiece() }
        guard let length = try MilterFrame.frameLength(bytes.span, at: place, bytesMax: bytesMax) else { return nil }
        let first = place + MilterFrame.lengthBytes
        guard first < bytes.count else { return nil }
        let command = bytes[first]
        if MilterFrameReader.comesInPieces(command) {
            place = first + 1
            pieceCommand = command
            pieceRest = length - 1
            return nextPiece()
        }
        guard bytes.count - first >= length else { return nil }
        place = first + length
        return .frame(command, first + 1..<place)
    }

    /// True where the rest of a frame is missing.
    var hasPartialFrame: Bool { place < bytes.count || pieceCommand != 0 }

    /// True for the commands whose payload is only counted.
    private static func comesInPieces(_ command: UInt8) -> Bool {
        command == MilterCommand.Letter.body.rawValue || command == MilterCommand.Letter.endOfMessage.rawValue
    }

    /// What has come of the body frame; nil where nothing has since the last piece.
    private mutating func nextPiece() -> Found? {
        let here = min(pieceRest, bytes.count - place)
        let count = pieceDropped + here
        place += here
        pieceRest -= here
        pieceDropped = 0
        guard count > 0 || pieceRest == 0 else { return nil }
        defer { if pieceRest == 0 { pieceCommand = 0 } }
        return .piece(pieceCommand, count, isLast: pieceRest == 0)
    }
}
