// A readable story about subscribers, time and limits, and what has to come of it.
//
//     SCENARIO a stolen account among honest ones
//     GIVEN plan residential mua
//     GIVEN limit 100 recipients per hour, burst 20, hold
//     AT 10:00 thief sends 50 messages one every 1s
//     AT 10:00 ann sends 3 messages to 2 recipients
//     EXPECT thief passed 21
//     EXPECT thief has a case held
//     TIME PASSES 1d
//     EXPECT thief has no case
//
// A line is a statement, `#` begins a comment. A statement that can't be read or an expectation that fails names file and
// line. The whole language, `[…]` optional, durations as `90s 15m 2h 1d`:
//
//     SCENARIO title
//     GIVEN plan NAME mua|mta               (the first is the default plan; limits go to the latest)
//     GIVEN limit LINE                      (see ScenarioLimit; enforced unless it says `observed`)
//     GIVEN subscriber NAME [plan P] [parent Q] [exempt]
//     GIVEN map PREFIX NAME
//     GIVEN header FIELD PATTERN            (of local submissions)
//     GIVEN breaker N cases
//     GIVEN case idle DURATION
//     GIVEN contact TEXT
//     AT [day N] HH:MM[:SS] [STATEMENT]
//     NAME sends|aborts|stalls|submits N messages [to N [new|dead] recipients] [of N bytes] [one every DURATION]
//          [without sender] [over one connection] [at the policy|milter door] [from ADDRESS] [as LOGIN]
//     NAME repeats the last request
//     the last message is refused downstream
//     the last message bounces STATUS
//     the hold queue releases|purges messages of NAME
//     TIME PASSES DURATION
//     CLOCK JUMPS +DURATION|-DURATION
//     POLICY limit LINE | POLICY drops LIMIT | POLICY observes|enforces everything | POLICY subscriber …
//     OPERATOR resets NAME | OPERATOR gives NAME LIMIT AMOUNT [burst N] | OPERATOR rearms the breaker
//     OPERATOR observes|enforces everything
//     EXPECT NAME passed|held|deferred|rejected|aborted N
//     EXPECT NAME has no case | EXPECT NAME has a case [held|slowed]
//     EXPECT NAME used N of LIMIT
//     EXPECT rule PLAN/LIMIT stopped|would stop N
//     EXPECT the last answer is accept|hold|defer|reject [saying TEXT]
//     EXPECT the breaker is open|closed
//     EXPECT total messages|recipients|held|deferred|rejected|expired|refunded|repeated|withdrawn|dead|unattributed N
//
// `stalls` stops after DATA and never says more, as at a policy door whose client is lost. `submits` uses the sendmail
// binary: the milter door alone, the subscriber known by the header at the end.

import MailTypes
import WeirEngine

/// A scenario, parsed.
public struct Scenario: Sendable {
    /// The file that it came from.
    public let file: String
    /// Its title.
    public internal(set) var title = ""
    /// Its statements in order.
    public internal(set) var statements: [Statement] = []

    /// One statement and its line.
    public struct Statement: Sendable {
        /// The line, from 1.
        public let line: Int
        /// What it says.
        public let step: Step
    }

    /// How a message goes.
    public enum Course: Sendable {
        /// To its end.
        case sends
        /// Withdrawn by the client after DATA.
        case aborts
        /// Left open after DATA without a word.
        case stalls
        /// By the sendmail binary.
        case submits
    }

    /// Which doors hear of a message.
    public enum Doors: Sendable {
        /// Both, as the documented block has it.
        case both
        /// The policy door alone, RCPT included.
        case policy
        /// The milter door alone.
        case milter
    }

    /// Some messages of one subscriber.
    public struct Batch: Sendable {
        /// Who.
        public var name: String
        /// The login, as the client spells it.
        public var login: String
        /// How they go.
        public var course: Course
        /// How many.
        public var count: Int
        /// Accepted recipients each.
        public var recipients = 1
        /// True where each recipient was never written to before.
        public var areNew = false
        /// True where the recipients do not exist, and the mail server refuses them with 5.1.1.
        public var areDead = false
        /// Size.
        public var bytes = 1000
        /// Time from one to the next, in nanoseconds.
        public var every: Int64 = 0
        /// True for the null reverse-path.
        public var isNullSender = false
        /// True where all come over one connection.
        public var isOneConnection = false
        /// The doors.
        public var doors = Doors.both
        /// The client's address; nil for the name's own login.
        public var client: NetworkAddress?
    }

    /// The kinds of statement.
    public enum Step: Sendable {
        /// A change to the policy, before the first other step part of the first policy.
        case policy(PolicyChange)
        /// The clock is moved on to a day and a time of day in nanoseconds.
        case at(day: Int, nanoseconds: Int64)
        /// Messages.
        case batch(Batch)
        /// The last request is asked again.
        case repeated(String)
        /// The last message is refused after Weir counted it.
        case refusedDownstream
        /// The last message's first recipient bounces.
        case bounced(EnhancedStatus)
        /// Messages leave the hold queue: to be delivered, or deleted.
        case leaveHold(String, isReleased: Bool)
        /// Time passes.
        case pass(Int64)
        /// The clock jumps.
        case jump(Int64)
        /// A person acts.
        case act(OperatorAct.Verb)
        /// Something must be so.
        case expect(Expectation)
    }

    /// The kinds of policy statement.
    public enum PolicyChange: Sendable {
        /// A new plan.
        case plan(String, PlanKind)
        /// A limit of the latest plan, replaced where the name is there.
        case limit(Limit)
        /// A limit is taken away.
        case drop(String)
        /// What is said of a subscriber.
        case subscriber(String, SubscriberEntry)
        /// An entry of the address map.
        case map(NetworkPrefix, String)
        /// The header that names subscribers.
        case header(HeaderRule)
        /// New cases an hour.
        case breaker(Int)
        /// When a case is over, in seconds.
        case caseIdle(Int64)
        /// The contact in replies.
        case contact(String)
        /// The one switch.
        case observesEverything(Bool)
    }

    /// The kinds of expectation.
    public enum Expectation: Sendable {
        /// Messages of a subscriber by outcome, counted by the runner.
        case outcome(String, String, Int)
        /// A subscriber's case: nil for none, else its state, nil for any.
        case noCase(String)
        /// A subscriber has a case, of that state where one is given.
        case hasCase(String, CaseState?)
        /// Units used of a limit.
        case used(String, String, Int64)
        /// What a rule did: stopped, or would have.
        case rule(String, isStopped: Bool, UInt64)
        /// The last answer's kind, and a part of its text.
        case answer(Verdict.Kind, saying: String)
        /// The breaker.
        case breaker(isOpen: Bool)
        /// A total of the engine.
        case total(String, UInt64)
    }
}

/// What is wrong with a scenario, and where.
public struct ScenarioError: Error, Equatable, CustomStringConvertible {
    /// The file.
    public var file: String
    /// The line, from 1.
    public var line: Int
    /// What was found and what was expected.
    public var message: String

    /// `Tests/Scenarios/retry.scenario:12: …`.
    public var description: String { "\(file):\(line): \(message)" }
}
