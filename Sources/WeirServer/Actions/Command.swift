// A program run to its end, for the hold agent: posix_spawn(3), three pipes, one poll(2).
//
// Foundation's Process waits for its child by way of an Internet socket; under RestrictAddressFamilies=AF_UNIX, as the agent's
// unit has it, that wait never ends.

import Foundation

/// What a program left when it ended.
struct Command {
    /// The exit status; 128 and the signal's number where a signal ended it.
    let status: Int32
    /// What it wrote to standard output.
    let output: [UInt8]
    /// The beginning of what it wrote to standard error.
    let errors: [UInt8]

    /// Bytes kept of standard error.
    static let errorBytesMax = 4096
    /// Bytes kept of standard output: a hold queue of a million messages. Beyond it the program is ended.
    static let outputBytesMax = 512 << 20

    /// Runs a program, feeds it some bytes and waits for its end; it is killed where it takes longer than `seconds`.
    init(_ path: String, _ arguments: [String], environment: [String], input: [UInt8], seconds: Double) throws {
        let pipes = try Pipes()
        defer { pipes.close() }
        let child = try Command.spawn(path, arguments, environment, pipes)
        let isDone = pipes.exchange(input, until: UnixSocket.moment(inSeconds: seconds))
        if !isDone { kill(child, SIGKILL) }
        var ended: Int32 = 0
        while waitpid(child, &ended, 0) < 0, errno == EINTR {}
        guard isDone else {
            throw ControlError(
                description: "\(path) did not end within \(Int(seconds)) s, or wrote too much; it was ended")
        }
        status = ended & 0x7F == 0 ? (ended >> 8) & 0xFF : 128 + ended & 0x7F
        (output, errors) = (pipes.output, pipes.errors)
    }

    /// Starts a program with its ends of the pipes.
    private static func spawn(_ path: String, _ arguments: [String], _ environment: [String], _ pipes: Pipes) throws
        -> pid_t
    {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in pipes.childEnds.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        // The agent ignores SIGPIPE; the program must not.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var words = ([path] + arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for word in words + variables { free(word) } }
        var child: pid_t = 0
        let result = posix_spawn(&child, path, &actions, &attributes, &words, &variables)
        guard result == 0 else { throw SystemError(call: "posix_spawn \(path)", number: result) }
        pipes.closeChildEnds()
        return child
    }
}

/// The three pipes of a child. Used on one thread.
private final class Pipes {
    /// The child's standard input, output and error.
    private(set) var childEnds: [Int32] = []
    /// Our ends of them; -1 where closed.
    private var ends: [Int32] = []
    /// What came of standard output.
    private(set) var output: [UInt8] = []
    /// The beginning of what came of standard error.
    private(set) var errors: [UInt8] = []

    /// Three pipes that no other child inherits.
    init() throws {
        for number in 0..<3 {
            var pair: [Int32] = [-1, -1]
            guard pipe(&pair) == 0 else {
                let error = SystemError(call: "pipe", number: errno)
                close()
                throw error
            }
            childEnds.append(number == 0 ? pair[0] : pair[1])
            ends.append(number == 0 ? pair[1] : pair[0])
            for descriptor in pair { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
            _ = fcntl(ends[number], F_SETFL, O_NONBLOCK)
        }
    }

    /// Closes the child's ends, once it has them.
    func closeChildEnds() {
        for descriptor in childEnds { _ = Glibc.close(descriptor) }
        childEnds = []
    }

    /// Closes everything.
    func close() {
        closeChildEnds()
        for index in ends.indices { end(index) }
    }

    /// Closes one of our ends.
    private func end(_ index: Int) {
        if ends[index] >= 0 { _ = Glibc.close(ends[index]) }
        ends[index] = -1
    }

    /// Feeds the child and reads what it writes until it closes both. False where time is up or it wrote too much.
    func exchange(_ input: [UInt8], until deadline: Int64) -> Bool {
        var rest = input[...]
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        if rest.isEmpty { end(0) }
        while ends[1] >= 0 || ends[2] >= 0 {
            let left = deadline - WallClock.nanoseconds(CLOCK_MONOTONIC)
            guard left > 0, output.count <= Command.outputBytesMax else { return false }
            // poll(2) passes over descriptors below zero.
            var waited = ends.enumerated().map {
                pollfd(fd: $1, events: Int16($0 == 0 ? POLLOUT : POLLIN), revents: 0)
            }
            guard poll(&waited, 3, Int32(min(left / 1_000_000 + 1, 60_000))) > 0 else { continue }
            if waited[0].revents != 0 {
                let count = rest.withUnsafeBytes { write(ends[0], $0.baseAddress, $0.count) }
                if count > 0 { rest = rest.dropFirst(count) }
                if rest.isEmpty || count < 0 && errno != EAGAIN && errno != EINTR { end(0) }
            }
            for index in 1...2 where waited[index].revents != 0 {
                let count = read(ends[index], &chunk, chunk.count)
                if count < 0, errno == EAGAIN || errno == EINTR { continue }
                guard count > 0 else {
                    end(index)
                    continue
                }
                if index == 1 {
                    output += chunk[..<count]
                } else {
                    errors += chunk[..<min(count, Command.errorBytesMax - errors.count)]
                }
            }
        }
        return true
    }
}
