// The admin listener: figures for Prometheus, and whether Weir lives and is ready.

import Hummingbird
import Logging
import MailTypes
import Synchronization

/// Serves `/metrics`, `/healthz` and `/readyz` over HTTP. It shows figures and changes nothing.
struct AdminServer: Sendable {
    /// The engine.
    let live: LiveEngine
    /// The figures.
    let metrics: Metrics
    /// True once the doors listen, false again when Weir stops.
    let isReady: Readiness
    /// Where it listens.
    let endpoint: Endpoint
    /// Operational messages.
    let logger: Logger

    /// Runs until its task is cancelled.
    func run() async throws {
        let router = Router()
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(
                    byteBuffer: ByteBuffer(
                        string: metrics.page(live.read { $0.view }, backlog: live.backlog, holds: live.holds))))
        }
        router.get("healthz") { _, _ in
            let isFailing = metrics.journalFailing.load(ordering: .relaxed)
            return Response(
                status: isFailing ? .serviceUnavailable : .ok, headers: [.contentType: "text/plain"],
                body: ResponseBody(
                    byteBuffer: ByteBuffer(
                        string: isFailing ? "the journal can't be written; decisions go on\n" : "ok\n")))
        }
        router.get("readyz") { _, _ in
            let ready = isReady.now
            return Response(
                status: ready ? .ok : .serviceUnavailable, headers: [.contentType: "text/plain"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: ready ? "ready\n" : "not ready\n")))
        }
        var quiet = logger
        quiet.logLevel = .critical  // it reports its own cancellation as an error
        let address: BindAddress
        switch endpoint {
        case .tcp(let host, let port): address = .hostname(host.description, port: Int(port))
        case .unix(let path, _): address = .unixDomainSocket(path: path)
        }
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: address, serverName: "weir"),
            logger: quiet)
        try await application.run()
    }
}

/// Whether Weir is ready for questions.
final class Readiness: Sendable {
    /// The flag.
    private let flag = Atomic<Bool>(false)
    /// Sets it.
    func set(_ value: Bool) { flag.store(value, ordering: .releasing) }
    /// Reads it.
    var now: Bool { flag.load(ordering: .acquiring) }
}
