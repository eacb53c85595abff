// Words of bytes: the search finds what a plain loop finds.

import Testing

@testable import MailLog

@Suite struct LogBytesTests {
    @Test func findsTheFirstByteWhereverItStands() {
        for length in 0..<40 {
            for place in 0..<max(length, 1) {
                var bytes = [UInt8](repeating: 0x80, count: length)
                if place < length { bytes[place] = 10 }
                #expect(bytes.span.firstIndex(of: 10, from: 0, to: length) == (place < length ? place : length))
            }
        }
    }
}
