// The listening sockets of a door.

import Foundation
import Logging
import MailTypes
import NIOCore
import NIOPosix

/// A door's listening sockets.
struct DoorListener<Session: DoorSession & SendableMetatype>: Sendable {
    /// The door.
    let door: Door
    /// What connections share.
    let desk: DoorDesk
    /// Names of mail hosts by the address from which they connect.
    let mailHosts: MailHosts
    /// Makes the session of a connection from a mail host.
    let session: @Sendable (String) -> Session

    /// Opens one socket. A Unix socket that nobody listens at any more is removed first.
    func listen(at address: Endpoint, on group: any EventLoopGroup) async throws -> any Channel {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.backlog, value: 1024)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(ChannelOptions.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try accept(channel, address) }
            }
        do {
            switch address {
            case .tcp(let host, let port): return try await bootstrap.bind(host: host.description, port: Int(port)).get()
            case .unix(let path, let mode):
                removeStaleSocket(path)
                let channel = try await bootstrap.bind(unixDomainSocketPath: path).get()
                chmod(path, mode_t(mode))
                return channel
            }
        } catch {
            throw StoreError(
                path: "\(address)", found: "the \(door) door can't listen there (\(error))",
                remedy: "Another program may have it (ss -ltnp), or name another address in weir.yaml")
        }
    }

    /// Puts the session's handler on a new connection.
    private func accept(_ channel: any Channel, _ address: Endpoint) throws {
        guard desk.metrics.open(door) < DoorLimits.connectionsMax else {
            desk.metrics.connectionsRefused.add()
            channel.close(promise: nil)
            return
        }
        var isTCP = false
        if case .tcp = address { isTCP = true }
        let handler = DoorHandler(
            session(mailHost(channel)), door: door, desk: desk, acknowledgesAtOnce: isTCP && door == .milter)
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    /// The name of the mail host at the other end: `localhost` for this machine, so that a message seen at a Unix socket
    /// and at a TCP port is one.
    private func mailHost(_ channel: any Channel) -> String {
        mailHosts.name(of: channel.remoteAddress?.ipAddress.flatMap { NetworkAddress($0) })
    }

    /// Removes a socket's file where nobody answers at it.
    private func removeStaleSocket(_ path: String) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        if result != 0, errno == ECONNREFUSED { unlink(path) }
    }
}
