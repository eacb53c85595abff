// What is known of a campaign, and what one message is to it.

import MailTypes

/// The present state of a campaign: recomputed from what it holds whenever it is asked for, never a bonus given once.
struct CampaignStatistics: Hashable, Sendable {
    /// Messages.
    var messages: UInt64 = 0
    /// Different subscribers: exact up to `CampaignCluster.membersMax`, then an estimate with an error of about 5 %.
    var subscribers: Int64 = 0
    /// Its subscribers that are contained now; at most `CampaignCluster.containedMax` are counted.
    var contained: Int = 0
    /// Its subscribers that wrote it over at least `CampaignCluster.establishedSeconds`: they did so before any burst. Of the
    /// listed ones alone.
    var established: Int = 0
    /// Engine time of the first message, in whole seconds.
    var firstSeen: Int64 = 0
    /// Engine time of the last message.
    var lastSeen: Int64 = 0
    /// Who sent the first message.
    var founder: UInt64 = 0
    /// Messages that the founder sent before anybody else did.
    var founderMessages: UInt64 = 0
    /// How long the founder was alone, in nanoseconds: up to the last message while nobody else has joined.
    var aloneNanoseconds: Int64 = 0
    /// The share of messages of mailing lists, in thousandths.
    var listPermille: Int = 0
    /// Results that came back.
    var results: UInt64 = 0
    /// Results that said that the recipient doesn't exist.
    var dead: UInt64 = 0
    /// Results that refused the message as spam.
    var refusedAsSpam: UInt64 = 0
    /// Recipients of its messages.
    var recipients: UInt64 = 0
    /// Of these, whom the sender had never written to.
    var newRecipients: UInt64 = 0
    /// The mean content score, in thousandths of a nat; nil where none is known.
    var contentScore: Int32?

    /// Statistics of nothing.
    init() {}

    /// True where the first sender was alone with it for long, and sent it more than once: a newsletter that others copied
    /// looks like that, and its sender is not one of them.
    var hasInnocentFounder: Bool {
        founderMessages >= 2 && aloneNanoseconds >= CampaignCluster.soleSeconds * 1_000_000_000
    }
}

/// What a message is to the campaigns.
struct CampaignMembership: Hashable, Sendable {
    /// The tight group: near-identical copies, for damping repetitions.
    var tight: UInt32
    /// The campaign, for linking senders. A handle: `root(of:)` says which campaign it stands for now.
    var loose: UInt32
    /// True where no near-identical copy was known.
    var isFirstOfTight: Bool
    /// True for the subscriber who sent the first message.
    var isFounder: Bool
    /// The campaign with this message in it.
    var statistics: CampaignStatistics
}
