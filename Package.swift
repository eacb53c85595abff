// swift-tools-version:6.2
// Weir: outbound mail abuse control at the source. Folders are layers; arrows point down only (ARCHITECTURE.md).
import PackageDescription

/// Settings of every target that does no I/O: memory safety is checked, a warning is an error.
let pure: [SwiftSetting] = [.strictMemorySafety(), .treatAllWarnings(as: .error)]

/// Settings of the thin I/O layer, which calls C.
let shell: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "weir",
    products: [
        .executable(name: "weir", targets: ["weir"]),
        // For Benchmarks/ and Fuzz/, which are packages of their own so that the main build stays small.
        .library(
            name: "WeirCore",
            targets: [
                "MailTypes", "PolicyDelegation", "Milter", "MailLog", "ContentAnalysis", "WeirEngine", "WeirAudit",
            ]),
        .library(name: "WeirTesting", targets: ["WeirTesting"]),
        // For Evaluation/, another package of its own: the simulator, and the reader of its populations.
        .library(name: "WeirSimulation", targets: ["MailTypes", "WeirEngine", "WeirSimulator", "WeirServer"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    ],
    targets: [
        // 0 · the words of the field. Standard library only.
        .target(name: "MailTypes", swiftSettings: pure),

        // 1 · one protocol each: parse, compose, session machine. No sockets.
        .target(name: "PolicyDelegation", dependencies: ["MailTypes"], swiftSettings: pure),
        .target(name: "Milter", dependencies: ["MailTypes"], swiftSettings: pure),
        .target(name: "MailLog", dependencies: ["MailTypes"], swiftSettings: pure),
        .target(name: "ContentAnalysis", dependencies: ["MailTypes"], swiftSettings: pure),

        // 2 · the judgement: Engine, Input, Output, Snapshot.
        .target(name: "WeirEngine", dependencies: ["MailTypes"], swiftSettings: pure),

        // 3 · the world: a log through the engine.
        .target(
            name: "WeirAudit", dependencies: ["MailTypes", "MailLog", "ContentAnalysis", "WeirEngine"],
            swiftSettings: pure),

        // 3 · the world: an internet provider from a seed.
        .target(name: "WeirSimulator", dependencies: ["MailTypes", "WeirEngine"], swiftSettings: pure),

        // 4 · the only target that does I/O, and the few Linux calls that Swift's Glibc module does not show.
        .target(name: "CLinux"),
        .systemLibrary(name: "CArchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CMaxMindDB", providers: [.apt(["libmaxminddb-dev"])]),
        .target(
            name: "WeirServer",
            dependencies: [
                "MailTypes", "PolicyDelegation", "Milter", "MailLog", "ContentAnalysis", "WeirEngine", "WeirAudit",
                "WeirSimulator", "CLinux",
                "CArchive", "CMaxMindDB",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: shell),

        // Conformance suites, the scenario runner, the golden-file helper, sample logs. Linked by tests and benchmarks only.
        .target(
            name: "WeirTesting", dependencies: ["MailTypes", "PolicyDelegation", "Milter", "WeirEngine"],
            swiftSettings: shell),

        // 5 · one file a subcommand.
        .executableTarget(
            name: "weir",
            dependencies: [
                "WeirServer", "WeirAudit", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: shell),

        .testTarget(name: "MailTypesTests", dependencies: ["MailTypes"], swiftSettings: shell),
        .testTarget(
            name: "PolicyDelegationTests", dependencies: ["PolicyDelegation", "WeirTesting"], swiftSettings: shell),
        .testTarget(name: "MilterTests", dependencies: ["Milter", "WeirTesting"], swiftSettings: shell),
        .testTarget(name: "MailLogTests", dependencies: ["MailLog"], swiftSettings: shell),
        .testTarget(
            name: "ContentAnalysisTests", dependencies: ["ContentAnalysis", "WeirEngine"], swiftSettings: shell),
        .testTarget(
            name: "WeirEngineTests", dependencies: ["WeirEngine", "WeirTesting"], swiftSettings: shell),
        .testTarget(
            name: "WeirAuditTests", dependencies: ["WeirAudit", "MailLog", "ContentAnalysis", "WeirTesting"],
            swiftSettings: shell),
        .testTarget(
            name: "WeirSimulatorTests", dependencies: ["WeirSimulator", "WeirEngine", "MailTypes"], swiftSettings: shell
        ),
        .testTarget(
            name: "WeirServerTests",
            dependencies: ["WeirServer", "WeirAudit", "WeirSimulator", "WeirTesting", "CArchive", "weir"],
            swiftSettings: shell),
        .testTarget(name: "TidyTests", swiftSettings: shell),
    ],
    swiftLanguageModes: [.v6]
)
