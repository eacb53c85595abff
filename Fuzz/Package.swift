// swift-tools-version:6.2
// Fuzzing: a package of its own. `make fuzz` builds it with libFuzzer and AddressSanitizer and runs it.
import PackageDescription

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "weir", path: "..")],
    targets: [
        .target(name: "CFuzzDriver"),
        .executableTarget(
            name: "FuzzParsers", dependencies: ["CFuzzDriver", .product(name: "WeirCore", package: "weir")]),
    ],
    swiftLanguageModes: [.v6]
)
