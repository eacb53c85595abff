// systemd's journal, followed by way of journalctl(1): no library, and its cursor is the remembered place.

import Foundation
import MailTypes

/// A journalctl process that writes what is new, a JSON object a line.
struct JournalTail: LogTail {
    /// Bytes of one read.
    private static let pieceBytes = 64 << 10
    /// Longest pause before another process is started, in nanoseconds.
    private static let pauseNanosecondsMax: Int64 = 60_000_000_000
    /// Processes that may end without a line before the cursor is given up.
    private static let fruitlessMax = 3
    /// How long a cursor can be; systemd's are some 150 bytes.
    private static let cursorBytesMax = 512

    /// The log's name.
    let name = "journald"
    /// The program.
    private let program: String
    /// Reads a clock that does not jump.
    private let clock: () -> Int64
    /// The process; 0 where there is none.
    private var child: pid_t = 0
    /// Our end of its output; -1 where there is none.
    private var descriptor: Int32 = -1
    /// The part of a line that came without its end, as far as a cursor may stand in it.
    private var line: [UInt8] = []
    /// Processes in a row that ended without a line.
    private var fruitless = 0
    /// True where the present process has written a line.
    private var hasSpoken = false
    /// When the next one may be started.
    private var nextStart: Int64 = 0
    /// Processes started.
    private var started = 0
    /// The place behind the last whole line.
    private(set) var place: LogPlace?

    /// Follows the journal from a remembered cursor on, else from now on.
    init(
        from place: LogPlace?, program: String = "/usr/bin/journalctl",
        clock: @escaping () -> Int64 = { WallClock.nanoseconds(CLOCK_MONOTONIC) }
    ) {
        self.place = place.flatMap { $0.cursor.isEmpty ? nil : $0 }
        self.program = program
        self.clock = clock
    }

    /// What journalctl is told: the mail facility alone, which every mail server logs under (syslog(3) LOG_MAIL).
    private var arguments: [String] {
        // -f shows ten old lines, unless told otherwise.
        let start = place.map { ["--no-tail", "--after-cursor=\($0.cursor)"] } ?? ["--lines=0"]
        return ["--output=json", "--follow", "--quiet", "--all"] + start + ["SYSLOG_FACILITY=2"]
    }

    /// Reads what is new.
    mutating func turn(bytesMax: Int) -> LogTurn {
        var turn = LogTurn()
        if descriptor < 0 { start(&turn) }
        var left = bytesMax
        while left > 0, descriptor >= 0 {
            var bytes = [UInt8](repeating: 0, count: JournalTail.pieceBytes)
            let count = read(descriptor, &bytes, bytes.count)
            if count > 0 {
                bytes.removeLast(bytes.count - count)
                note(bytes)
                left -= count
                turn.pieces.append(.bytes(bytes))
            } else if count == 0 {
                end(&turn)
            } else if errno != EINTR {
                break
            }
        }
        turn.hasMore = left <= 0
        return turn
    }

    /// Ends the process.
    mutating func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
        // It holds nothing that it would have to put in order.
        kill(child, SIGKILL)
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
    }

    // MARK: - Process

    /// Starts journalctl, if it is time.
    private mutating func start(_ turn: inout LogTurn) {
        guard clock() >= nextStart else {
            turn.trouble = "journalctl ended; it is started again within a minute"
            return
        }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return turn.trouble = "journald: no pipe (\(String(cString: strerror(errno))))" }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        // Weir ignores or catches these; journalctl must end with its reader.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGPIPE, SIGTERM, SIGINT, SIGHUP] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        let result = posix_spawn(&child, program, &actions, &attributes, &words, environ)
        for word in words { free(word) }
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
        Glibc.close(ends[1])
        guard result == 0 else {
            Glibc.close(ends[0])
            delay()
            return turn.trouble =
                "\(program) can't be run (\(String(cString: strerror(result)))); install systemd's journalctl, or follow a file"
        }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        descriptor = ends[0]
        hasSpoken = false
        if started > 0 { turn.restarts += 1 }
        started += 1
    }

    /// The process ended.
    private mutating func end(_ turn: inout LogTurn) {
        close()
        line = []
        turn.pieces.append(.newFile)
        fruitless = hasSpoken ? 0 : fruitless + 1
        delay()
        turn.trouble =
            "journalctl ended; it is started again within a minute. Weir's user must be a member of systemd-journal"
        guard fruitless >= JournalTail.fruitlessMax, place != nil else { return }
        place = nil
        fruitless = 0
        turn.notes.append("journalctl does not take the remembered cursor: going on with what is new")
    }

    /// Waits longer each time, up to a minute.
    private mutating func delay() {
        let pause = Int64(1_000_000_000) << Int64(min(fruitless, 6))
        nextStart = clock() + min(pause, JournalTail.pauseNanosecondsMax)
    }

    // MARK: - Cursor

    /// Takes the cursor of each whole line.
    private mutating func note(_ bytes: [UInt8]) {
        var start = 0
        while let end = bytes[start...].firstIndex(of: 10) {
            keep(bytes[start..<end])
            if let cursor = JournalTail.cursor(line) { place = LogPlace(cursor: cursor) }
            hasSpoken = true
            line.removeAll(keepingCapacity: true)
            start = end + 1
        }
        keep(bytes[start...])
    }

    /// Keeps the first part of a line: journald writes the cursor in front, and a line may be long.
    private mutating func keep(_ part: ArraySlice<UInt8>) { line += part.prefix(max(0, (64 << 10) - line.count)) }

    /// The value of `__CURSOR`; nil where there is none.
    static func cursor(_ line: [UInt8]) -> String? {
        let name = Array("\"__CURSOR\"".utf8)
        guard line.count > name.count else { return nil }
        for start in 0..<line.count - name.count
        where line[start] == name[0] && line[start..<start + name.count].elementsEqual(name) {
            var place = start + name.count
            while place < line.count, line[place] != UInt8(ascii: "\"") { place += 1 }
            guard let end = line[min(place + 1, line.count)...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
            let value = line[place + 1..<end]
            // No character of a cursor needs an escape.
            guard !value.isEmpty, value.count <= cursorBytesMax, !value.contains(UInt8(ascii: "\\")) else { return nil }
            return String(decoding: value, as: UTF8.self)
        }
        return nil
    }
}
