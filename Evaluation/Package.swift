// swift-tools-version:6.2
// Evaluation: a package of its own, so that the main build never compiles it. `make evaluate` runs it.
import PackageDescription

let package = Package(
    name: "evaluation",
    dependencies: [.package(name: "weir", path: "..")],
    targets: [
        .executableTarget(
            name: "Evaluate", dependencies: [.product(name: "WeirSimulation", package: "weir")],
            swiftSettings: [.treatAllWarnings(as: .error)])
    ],
    swiftLanguageModes: [.v6]
)
