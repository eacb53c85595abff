// The thread that follows the mail log.

import Foundation
import MailTypes
import Synchronization

/// Follows the configured log until it is stopped. Nothing waits for it: mail goes on whatever becomes of the log.
final class MailLogFollower: Sendable {
    /// Between two turns where nothing is left to do.
    private static let pauseSeconds = 0.25
    /// Between two turns of a log that is behind: the doors come first.
    private static let shortPauseSeconds = 0.01

    /// True once it is to end.
    private let isStopping = Atomic<Bool>(false)
    /// True once it has ended, or before it began.
    private let hasStopped = Atomic<Bool>(true)

    /// Starts to follow a log.
    func start(_ log: Configuration.LogToFollow, desk: DoorDesk, store: Store) throws {
        let keys = AddressHash(try store.addressKey())
        hasStopped.store(false, ordering: .releasing)
        NamedThread.start("weir-mail-log") { [self] in
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)  // on Linux this thread alone
            follow(log, keys, desk, store)
            hasStopped.store(true, ordering: .releasing)
        }
    }

    /// Ends the thread, once what was read is taken in.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        while !hasStopped.load(ordering: .acquiring) { Thread.sleep(forTimeInterval: 0.005) }
    }

    /// The thread.
    private func follow(_ log: Configuration.LogToFollow, _ keys: AddressHash, _ desk: DoorDesk, _ store: Store) {
        let name: String
        switch log.source {
        case .file(let path): name = path
        case .journald: name = "journald"
        }
        var places: LogPlaces?
        var place: LogPlace?
        do {
            let kept = try LogPlaces(store)
            place = try kept.place(in: name)
            places = kept
        } catch {
            desk.logger.error(
                "the place in the mail log can't be read or kept; it is followed from now on",
                metadata: ["error": "\(error)"])
        }
        var tail: any LogTail
        switch log.source {
        case .file(let path): tail = LogFileTail(path, from: place)
        case .journald: tail = JournalTail(from: place)
        }
        var followed = FollowedLog(
            tail, keys: keys, hosts: log.hosts, zoneSeconds: log.zoneSeconds, desk: desk, places: places, now: now)
        while !isStopping.load(ordering: .acquiring) {
            let hasMore = followed.turn(at: now)
            Thread.sleep(forTimeInterval: hasMore ? MailLogFollower.shortPauseSeconds : MailLogFollower.pauseSeconds)
        }
        followed.finish()
    }

    /// What the clock shows.
    private var now: Timestamp { Timestamp(nanoseconds: WallClock.nanoseconds(CLOCK_REALTIME)) }
}
