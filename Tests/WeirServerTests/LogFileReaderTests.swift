// The bytes of log files in every form in which they lie on disk.

import Foundation
import Testing

@testable import WeirServer

/// A file's bytes to its end, in pieces of some size.
private func read(_ path: String, by size: Int = LogFileReader.pieceBytes) throws -> [UInt8] {
    let file = try LogFileReader(path)
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: size)
    while true {
        let count = try file.next(&piece)
        if count == 0 { return bytes }
        bytes += piece[..<count]
    }
}

/// The fault of a file that can't be opened, or not be read to its end.
private func fault(_ path: String) -> LogFileError? {
    do {
        _ = try read(path)
        return nil
    } catch {
        return error as? LogFileError
    }
}

@Suite struct LogFileReaderTests {
    /// Text that does not compress to nothing.
    private static let text = (0..<20_000).flatMap { Array("line \($0 &* 2_654_435_761 % 1_000_003)\n".utf8) }

    @Test(arguments: Compression.allCases) func whatWasCompressedComesOutAgain(_ compression: Compression) throws {
        try inTemporaryFolder { folder in
            let path = try write(compression.compressed(Self.text), folder, "log.\(compression)")
            #expect(try read(path) == Self.text)
            #expect(try read(path, by: 777) == Self.text)
            // The name says nothing; the first bytes do.
            #expect(try read(write(compression.compressed(Self.text), folder, "mail.log")) == Self.text)
        }
    }

    @Test(arguments: Compression.allCases) func severalMembersAreOneFile(_ compression: Compression) throws {
        try inTemporaryFolder { folder in
            let (first, second) = (Array(Self.text[..<50_001]), Array(Self.text[50_001...]))
            let members = [first, [], second].flatMap { compression.compressed($0) }
            let path = try write(members, folder, "log")
            #expect(try read(path) == Self.text)
        }
    }

    @Test func aFileOfFewBytesIsPlain() throws {
        try inTemporaryFolder { folder in
            for bytes: [UInt8] in [[], [10], [0x1F], Array("seven b".utf8), Array("eight by".utf8), Array("BZ".utf8)] {
                let path = try write(bytes, folder, "log")
                #expect(try read(path) == bytes)
            }
        }
    }

    @Test(arguments: Compression.allCases) func nothingCompressedIsNothing(_ compression: Compression) throws {
        try inTemporaryFolder { folder in
            let path = try write(compression.compressed([]), folder, "log")
            #expect(try read(path).isEmpty)
        }
    }

    @Test(arguments: Compression.allCases) func aCutFileSaysWhere(_ compression: Compression) throws {
        try inTemporaryFolder { folder in
            // Much of it: a decompressor hands out whole blocks, up to 900 kB of bzip2's.
            let bytes = noise(3_000_000, seed: 1)
            let whole = compression.compressed(bytes)
            let path = try write(Array(whole[..<(whole.count * 9 / 10)]), folder, "log")
            let file = try LogFileReader(path)
            var (count, piece) = (0, [UInt8](repeating: 0, count: 65_536))
            let found = #expect(throws: LogFileError.self) {
                while case let more = try file.next(&piece), more > 0 {
                    #expect(Array(bytes[count..<count + more]) == Array(piece[..<more]))
                    count += more
                }
            }
            #expect(count > 1_500_000 && found?.bytesRead == count && found?.path == path)
            #expect(found?.found.contains("after \(count) bytes") == true && found?.remedy.contains("cut") == true)
        }
    }

    @Test func noiseBehindAnyMagicIsNeverFatal() throws {
        try inTemporaryFolder { folder in
            let magics: [[UInt8]] = [
                [0x1F, 0x8B], [0x1F, 0x8B, 8, 0], Array("BZh9".utf8), [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0],
                [0x28, 0xB5, 0x2F, 0xFD],
            ]
            for (number, magic) in magics.enumerated() {
                for count in [0, 1, 20, 100_000] {
                    let path = try write(magic + noise(count, seed: UInt64(number)), folder, "log")
                    // What libarchive takes for none of its forms comes out as it is.
                    if let fault = fault(path) { #expect(fault.path == path && !fault.remedy.isEmpty) }
                }
            }
        }
    }

    @Test func whatIsNoFileSaysSo() throws {
        try inTemporaryFolder { folder in
            let missing = try #require(fault(folder + "/none"))
            #expect("\(missing)" == "\(folder)/none: it can't be opened (No such file or directory). Check the name")
            let directory = try #require(fault(folder))
            #expect("\(directory)" == "\(folder): it is a folder. Name the files in it: \(folder)/mail.log*")
            // Opens, and fails at the first read.
            let broken = try #require(fault("/proc/self/mem"))
            #expect(broken.bytesRead == 0 && broken.found.contains("after 0 bytes"))
        }
    }

    @Test(.enabled(if: getuid() != 0)) func aFileOfOthersSaysWhoMayReadIt() throws {
        try inTemporaryFolder { folder in
            let path = try write("x\n", folder, "log")
            chmod(path, 0)
            let found = try #require(fault(path))
            #expect(found.remedy.contains("group adm"))
        }
    }

    @Test func aPipeIsReadOnceAndUncompressedOnly() throws {
        try inTemporaryFolder { folder in
            for isCompressed in [false, true] {
                let path = folder + "/pipe-\(isCompressed)"
                #expect(mkfifo(path, 0o600) == 0 && LogFileReader.isReadOnce(path))
                let bytes = isCompressed ? Compression.gz.compressed(Self.text) : Self.text
                let writer = Thread {
                    let descriptor = open(path, O_WRONLY)
                    var place = 0
                    while place < bytes.count {
                        let count = bytes[place...].withUnsafeBytes {
                            Glibc.write(descriptor, $0.baseAddress, $0.count)
                        }
                        if count <= 0 { break }
                        place += count
                    }
                    close(descriptor)
                }
                signal(SIGPIPE, SIG_IGN)
                writer.start()
                if isCompressed {
                    let found = try #require(fault(path))
                    #expect(found.description.contains("compressed pipe. Name the file"))
                } else {
                    #expect(try read(path) == Self.text)
                }
            }
            #expect(LogFileReader.isReadOnce("-") && LogFileReader.isReadOnce("/dev/null"))
            #expect(
                try !LogFileReader.isReadOnce(write("x", folder, "log")) && !LogFileReader.isReadOnce(folder + "/none"))
        }
    }
}
