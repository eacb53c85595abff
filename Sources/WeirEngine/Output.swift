// Everything that Weir wants done, as the engine says it. The shell performs it.

import MailTypes

/// One intention.
public enum Output: Hashable, Sendable {
    /// The answer to the transaction that was the input; always first.
    case decision(Decision)
    /// A case was opened, or changed where it stands.
    case `case`(RemediationCase)
    /// Weir's own breaker opened (true) or closed again.
    case breaker(isOpen: Bool)
    /// What became of a person's act, or of a policy that is not taken.
    case acknowledged(Acknowledgement)
}

/// What became of a person's act, or of a policy.
public enum Acknowledgement: Hashable, Sendable {
    /// Done.
    case done
    /// There is no such subscriber.
    case unknownSubscriber
    /// The subscriber's plan has no such limit; these it has.
    case unknownLimit([String])
    /// The amount can't be used, and why.
    case badAmount(String)
    /// Weir holds no record of that message.
    case unknownMessage
    /// The policy is not in force: subscribers and messages are still being carried over from too many before it.
    case tooManyPolicies
}

// MARK: - Storage

extension Output {
    /// Writes a decision as the output that it is.
    public static func encode(_ decision: Decision, _ out: inout ByteWriter) {
        out.byte(1)
        decision.encode(&out)
    }

    /// Writes the output.
    public func encode(_ out: inout ByteWriter) {
        switch self {
        case .decision(let decision): Output.encode(decision, &out)
        case .case(let remediation):
            out.byte(2)
            remediation.encode(&out)
        case .breaker(let isOpen):
            out.byte(3)
            out.bool(isOpen)
        case .acknowledged(let what):
            out.byte(4)
            switch what {
            case .done: out.byte(1)
            case .unknownSubscriber: out.byte(2)
            case .unknownLimit(let names):
                out.byte(3)
                out.array(names) { $0.string($1) }
            case .badAmount(let why):
                out.byte(4)
                out.string(why)
            case .unknownMessage: out.byte(5)
            case .tooManyPolicies: out.byte(6)
            }
        }
    }

    /// Reads an output.
    public init(_ input: inout ByteReader) throws(CodecError) {
        switch try input.byte() {
        case 1: self = .decision(try Decision(&input))
        case 2: self = .case(try RemediationCase(&input))
        case 3: self = .breaker(isOpen: try input.bool())
        case 4:
            switch try input.byte() {
            case 1: self = .acknowledged(.done)
            case 2: self = .acknowledged(.unknownSubscriber)
            case 3: self = .acknowledged(.unknownLimit(try input.array { (r) throws(CodecError) in try r.string() }))
            case 4: self = .acknowledged(.badAmount(try input.string()))
            case 5: self = .acknowledged(.unknownMessage)
            case 6: self = .acknowledged(.tooManyPolicies)
            default: throw CodecError(place: input.place - 1, expected: "a kind of acknowledgement from 1 to 6")
            }
        default: throw CodecError(place: input.place - 1, expected: "a kind of output from 1 to 4")
        }
    }
}

extension Decision {
    /// Writes the decision: about 60 bytes where nothing is wrong.
    func encode(_ out: inout ByteWriter) {
        out.varint(message)
        out.string(queueID)
        out.byte(stage.rawValue)
        switch identity {
        case .subscriber(let name, let proof):
            out.byte(proof.rawValue)
            out.string(name)
        case .unattributed(let why):
            out.byte(0)
            out.byte(why.rawValue)
        }
        out.array(evidence) { $1.encode(&$0) }
        verdict.encode(&out)
        out.byte(would.map { $0.rawValue + 1 } ?? 0)
        out.varint(UInt64(policyRevision))
        out.byte(reason.rawValue)
        out.optional(rule) { $0.string($1) }
        out.optional(caseCode) { $0.string($1) }
        out.signed(Int64(score))
    }

    /// Reads a decision.
    init(_ input: inout ByteReader) throws(CodecError) {
        let message = try input.varint()
        let queueID = try input.string()
        let stage = try input.enumeration(Stage.self)
        let proof = try input.byte()
        let identity: Identity
        if proof == 0 {
            identity = .unattributed(try input.enumeration(UnattributedReason.self))
        } else if let known = IdentityProof(rawValue: proof) {
            identity = .subscriber(try input.string(), known)
        } else {
            throw CodecError(place: input.place - 1, expected: "a known proof")
        }
        let evidence = try input.array(minimumBytes: 3) { (r) throws(CodecError) in try Finding(&r) }
        let verdict = try Verdict(&input)
        let would = try input.byte()
        guard would == 0 || Verdict.Kind(rawValue: would - 1) != nil else {
            throw CodecError(place: input.place - 1, expected: "a known verdict")
        }
        self.init(
            message: message, queueID: queueID, stage: stage, identity: identity, evidence: evidence, verdict: verdict,
            would: would == 0 ? nil : Verdict.Kind(rawValue: would - 1), policyRevision: try input.integer(UInt32.self),
            reason: try input.enumeration(Reason.self),
            rule: try input.optional { (r) throws(CodecError) in try r.string() },
            caseCode: try input.optional { (r) throws(CodecError) in try r.string() })
        score = try input.int32()
    }
}

extension Finding {
    /// Writes the finding.
    func encode(_ out: inout ByteWriter) {
        out.string(symbol)
        out.signed(Int64(score))
        out.string(why)
    }

    /// Reads a finding.
    init(_ input: inout ByteReader) throws(CodecError) {
        self.init(symbol: try input.string(), score: try input.int32(), why: try input.string())
    }
}

extension Verdict {
    /// Writes the verdict.
    fileprivate func encode(_ out: inout ByteWriter) {
        out.byte(kind.rawValue)
        switch self {
        case .accept: break
        case .prepend(let text), .hold(let text), .discard(let text): out.string(text)
        case .defer(let reply), .reject(let reply):
            out.varint(UInt64(reply.code))
            out.status(reply.status)
            out.string(reply.text)
        }
    }

    /// Reads a verdict.
    fileprivate init(_ input: inout ByteReader) throws(CodecError) {
        func reply(_ input: inout ByteReader) throws(CodecError) -> Reply {
            Reply(code: try input.integer(UInt16.self), status: try input.status(), text: try input.string())
        }
        switch try input.enumeration(Kind.self) {
        case .accept: self = .accept
        case .prepend: self = .prepend(try input.string())
        case .hold: self = .hold(try input.string())
        case .defer: self = .defer(try reply(&input))
        case .reject: self = .reject(try reply(&input))
        case .discard: self = .discard(try input.string())
        }
    }
}
