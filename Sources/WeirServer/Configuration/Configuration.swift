// Everything an operator decides, as one immutable value: what `weir.yaml` says, or the defaults where there is none.

import MailTypes
import WeirEngine

/// One configuration. It is read whole or refused whole; a reload makes a new one, and the old one stays until that is
/// good.
public struct Configuration: Equatable, Sendable {
    /// Where Weir listens.
    public struct Listeners: Hashable, Sendable {
        /// Postfix policy delegation.
        public var policy: [Endpoint]
        /// The milter protocol.
        public var milter: [Endpoint]
        /// Metrics and health by HTTP; nil for none.
        public var admin: Endpoint?
        /// The Unix socket of `weir status`, `weir hold` and `weir subscriber`.
        public var controlPath: String
    }

    /// The journal.
    public struct Journal: Hashable, Sendable {
        /// How long inputs, cases and refusals are kept.
        public var keepSeconds: Int64
        /// How far the disk may be behind, in bytes, before inputs are left out and the gap is journalled.
        public var backlogBytesMax: Int64
    }

    /// The line a decision.
    public struct DecisionLog: Hashable, Sendable {
        /// Where it goes.
        public enum Destination: Hashable, Sendable {
            /// Standard output, as systemd and containers want it.
            case standardOutput
            /// Standard error.
            case standardError
            /// A file, appended to; reopened at SIGHUP, so that logrotate can move it.
            case file(String)
        }

        /// How a line is written.
        public enum Format: String, Sendable, CaseIterable, CustomStringConvertible {
            /// `key=value key="two words"`.
            case logfmt
            /// One JSON object a line.
            case json

            /// `logfmt`, `json`.
            public var description: String { rawValue }
        }

        /// Where it goes.
        public var destination: Destination
        /// How a line is written.
        public var format: Format
    }

    /// The file it was read from; nil for the defaults.
    public var file: String?
    /// Where Weir listens.
    public var listeners: Listeners
    /// Where the journal, the snapshots and the address-hash key live.
    public var stateDirectory: String
    /// The journal.
    public var journal: Journal
    /// The line a decision.
    public var decisionLog: DecisionLog
    /// Bounds of the engine's tables.
    public var bounds: Engine.Bounds
    /// The names of the mail hosts that ask.
    public var mailHosts: MailHosts
    /// The mail log that is followed for delivery results; nil for none.
    var mailLog: LogToFollow?
    /// The databases that tell AS and country of a client address; nil where none is named.
    public var origins: OriginLookup?
    /// The Unix socket of the helper that may work on Postfix's hold queue; nil where there is none.
    public var holdHelperPath: String?
    /// The largest message that the mail server takes: a bytes limit must have room for one.
    public var messageBytesMax: Int64
    /// The policy, its revision left open.
    var policyDraft: Policy
    /// What probably is not as meant.
    public var warnings: [ConfigurationWarning]

    /// The policy under a revision.
    public func policy(revision: UInt32) -> Policy {
        var policy = policyDraft
        policy.revision = revision
        return policy
    }

    /// True where at least one limit takes its action, or a rung of the ladder.
    public var enforcesAnything: Bool {
        !policyDraft.observesEverything
            && (ladderIsEnforced || policyDraft.plans.contains { $0.limits.contains(where: \.isEnforced) })
    }

    /// True where a rung of the ladder takes its action.
    var ladderIsEnforced: Bool {
        !policyDraft.observesEverything && policyDraft.watch.isOn && policyDraft.watch.enforced > .none
    }
}

// MARK: - Defaults

extension Configuration {
    /// What `weir serve` runs on without a file: everything on loopback, every limit observed.
    public static let defaults = Configuration(
        file: nil,
        listeners: Listeners(
            policy: [.loopback(port: 10040)], milter: [.loopback(port: 10041)], admin: .loopback(port: 10080),
            controlPath: "\(stateDirectoryDefault)/control.sock"),
        stateDirectory: stateDirectoryDefault,
        journal: .defaults, decisionLog: .defaults, bounds: .defaults, mailHosts: MailHosts(),
        mailLog: nil, origins: nil, holdHelperPath: nil, messageBytesMax: messageBytesMaxDefault, policyDraft: Policy(),
        warnings: [])

    /// Below the working directory: a first `make run` needs no rights and leaves nothing elsewhere.
    public static let stateDirectoryDefault = "./var/weir"
    /// Postfix's own default of message_size_limit (postconf(5)).
    public static let messageBytesMaxDefault: Int64 = 10_240_000
}

extension Configuration.Journal {
    /// A month answers most complaints, which arrive within days; 64 MiB behind is a disk in trouble, not a busy
    /// minute.
    public static let defaults = Configuration.Journal(keepSeconds: 30 * 86_400, backlogBytesMax: 64 << 20)
}

extension Configuration.DecisionLog {
    /// Readable in a terminal and by every log collector.
    public static let defaults = Configuration.DecisionLog(destination: .standardOutput, format: .logfmt)
}

// MARK: - Reload

extension Configuration {
    /// The keys whose change takes effect only at a restart, as they differ from another configuration. A reload keeps
    /// the old values of these and says so.
    public func keysNeedingRestart(from old: Configuration) -> [String] {
        var keys: [String] = []
        if listeners != old.listeners { keys.append("listen") }
        if stateDirectory != old.stateDirectory { keys.append("state_directory") }
        if journal != old.journal { keys.append("journal") }
        if decisionLog != old.decisionLog { keys.append("decision_log") }
        if bounds != old.bounds { keys.append("bounds") }
        if mailHosts != old.mailHosts { keys.append("mail_hosts") }
        if mailLog != old.mailLog { keys.append("mail_log") }
        if holdHelperPath != old.holdHelperPath { keys.append("hold_helper") }
        return keys
    }
}
