// Reading `weir.yaml` from disk, with the two CSV files that it names.

import Foundation
import MailTypes
import WeirEngine

extension Configuration {
    /// Reads a configuration file and the CSV files it names. Throws every fault at once; at reload the caller then
    /// keeps the configuration that it has.
    public static func load(path: String) throws(ConfigurationFaults) -> Configuration {
        let faults = FaultCollector()
        faults.begin(file: path)
        let bytes: [UInt8]
        do {
            bytes = try TextFile.read(path, bytesMax: StrictDocument.bytesMax)
        } catch {
            throw ConfigurationFaults([error.fault(file: path)])
        }
        guard let text = TextFile.text(bytes, file: path, faults: faults) else {
            throw faults.result ?? ConfigurationFaults([])
        }
        return try parse(text, file: path) { (path) throws(TextFile.Trouble) in
            try TextFile.read(path, bytesMax: CommaSeparatedFile.bytesMax)
        }
    }

    /// Reads a configuration from text. `read` fetches the files that it names; relative paths count from the folder of
    /// `file`.
    static func parse(
        _ text: String, file: String, read: (String) throws(TextFile.Trouble) -> [UInt8]
    ) throws(ConfigurationFaults) -> Configuration {
        let faults = FaultCollector()
        faults.begin(file: file)
        let configuration = withoutActuallyEscaping(read) { read in
            ConfigurationReader(file: file, faults: faults, read: read).configuration(of: text)
        }
        if let result = faults.result { throw result }
        return configuration
    }
}

/// Files of text, read whole.
enum TextFile {
    /// Why a file could not be read.
    struct Trouble: Error, Equatable {
        /// What is wrong with it: `no such file`.
        var found: String
        /// What to do.
        var remedy: String

        /// The fault of a file.
        func fault(file: String) -> ConfigurationFault {
            ConfigurationFault(
                .unreadable, at: .init(file: file), found: found, expected: "a readable file", remedy: remedy)
        }
    }

    /// The bytes of a file, at most `bytesMax`.
    static func read(_ path: String, bytesMax: Int) throws(Trouble) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw trouble(errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = Foundation.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw trouble(errno)
            }
            bytes += chunk[..<count]
            guard bytes.count <= bytesMax else {
                throw Trouble(
                    found: "more than \(Quantity.byteText(Int64(bytesMax)))", remedy: "Is this the file that was meant?"
                )
            }
        }
    }

    /// Throws where a file is none that can be read.
    static func check(_ path: String) throws(Trouble) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw trouble(errno) }
        defer { close(descriptor) }
        var status = stat()
        if fstat(descriptor, &status) != 0 { throw trouble(errno) }
        if status.st_mode & S_IFMT == S_IFDIR { throw trouble(EISDIR) }
    }

    /// What an error number means.
    private static func trouble(_ number: Int32) -> Trouble {
        switch number {
        case ENOENT: Trouble(found: "no such file", remedy: "Check the path, or write the file.")
        case EACCES:
            Trouble(found: "no permission", remedy: "Let the user that runs Weir read the file and enter its folders.")
        case EISDIR: Trouble(found: "a directory", remedy: "Name the file in it.")
        default:
            Trouble(
                found: "a read error (\(String(cString: strerror(number))))", remedy: "Check the path and the disk.")
        }
    }

    /// The text of some bytes; nil and a fault with its line where they are not UTF-8.
    static func text(_ bytes: [UInt8], file: String, faults: FaultCollector) -> String? {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var line = 1
        var start = 0
        while let end = bytes[start...].firstIndex(of: 10), String(validating: bytes[start..<end], as: UTF8.self) != nil
        {
            line += 1
            start = end + 1
        }
        faults.add(
            ConfigurationFault(
                .syntax, at: .init(file: file, line: line), found: "bytes that are not UTF-8",
                expected: "text in UTF-8",
                remedy: "Save the file as UTF-8."))
        return nil
    }
}
