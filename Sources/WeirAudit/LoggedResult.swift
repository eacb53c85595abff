// What a mail log tells of a message's fate, as the engine takes it.

import MailLog
import MailTypes
import WeirEngine

extension MailFact {
    /// The delivery result, or the refusal of a whole message, that a fact is; nil for any other. `mailHost` is the name by
    /// which the doors know the log's host; nil leaves that as it is.
    ///
    /// What Weir itself said is no news to it, wherever it comes back: as a refusal at its own door, or as the reply of another
    /// mail host that asks Weir too.
    public func result(mailHost: String? = nil) -> Delivery? {
        var result: Delivery
        switch self {
        case .delivery(let logged):
            guard !logged.queueID.isEmpty, logged.outcome == .delivered || !Engine.saysItself(logged.reply) else {
                return nil
            }
            result = logged.delivery
        case .refused(let refusal):
            // Before DATA a recipient is refused, which the milter door hears of. What is held or discarded was accepted.
            guard refusal.action == .reject, !refusal.queueID.isEmpty,
                let stage = refusal.stage, stage >= .data, !Engine.saysItself(refusal.reply)
            else { return nil }
            let isTemporary = refusal.status?.class == 4 || refusal.status == nil && refusal.code / 100 == 4
            result = Delivery(
                mailHost: refusal.mailHost, queueID: refusal.queueID,
                recipient: refusal.recipient ?? AddressKey(address: 0, domain: 0),
                // The message was refused, not its recipient: nobody is learned to be dead by it.
                status: EnhancedStatus(isTemporary ? 4 : 5, 7, 1), outcome: isTemporary ? .deferred : .failed,
                isRefusedBeforeQueue: true)
        case .message, .loginFailed: return nil
        }
        if let mailHost { result.mailHost = mailHost }
        return result
    }
}
