// swift-tools-version:6.2
// Benchmarks: a package of its own, so that the main build never compiles it. `make bench` runs it.
import PackageDescription

let package = Package(
    name: "benchmarks",
    dependencies: [.package(name: "weir", path: "..")],
    targets: [
        .executableTarget(
            name: "EngineBenchmark", dependencies: [.product(name: "WeirCore", package: "weir")],
            swiftSettings: [.treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "AuditBenchmark",
            dependencies: [
                .product(name: "WeirCore", package: "weir"), .product(name: "WeirTesting", package: "weir"),
            ],
            swiftSettings: [.treatAllWarnings(as: .error)]),
    ],
    swiftLanguageModes: [.v6]
)
