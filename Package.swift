// swift-tools-version: 6.2
import PackageDescription

// MuJoCo comes from its PyPI wheel, unpacked by scripts/setup; MUJOCO_DIR overrides the place (it holds include/ and lib/).
let mujoco = Context.environment["MUJOCO_DIR"] ?? Context.packageDirectory + "/.deps/mujoco"

// Every target that sees CMuJoCo, directly or through Environments, needs its headers.
let mujocoHeaders: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-I\(mujoco)/include"])]

// $ORIGIN first, so that an installed copy finds the library beside itself.
let mujocoLibrary: [LinkerSetting] = [
  .unsafeFlags(["-L\(mujoco)/lib", "-Xlinker", "-rpath", "-Xlinker", "$ORIGIN/../lib/dsrl-lua", "-Xlinker", "-rpath", "-Xlinker", "\(mujoco)/lib"])
]

// The kernels are plain loops; with AVX2 and FMA allowed the compiler vectorises them (exp: 6.5 ns -> 0.6 ns per element).
// A square root that might set errno keeps its whole loop scalar.
let vectorised: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-march=x86-64-v3", "-Xcc", "-fno-math-errno"])]

let package = Package(
  name: "dsrl-lua",
  products: [.executable(name: "dsrl-lua", targets: ["dsrl-lua"])],
  dependencies: [.package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")],
  targets: [
    // C libraries: modulemap and shim.h
    .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
    .systemLibrary(name: "CReadline", providers: [.apt(["libreadline-dev"])]),
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(name: "CLAPACK", providers: [.apt(["liblapack-dev"])]),
    .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5-serial", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CMuJoCo"),
    .systemLibrary(name: "CMalloc"),
    .systemLibrary(name: "CProcess"),
    .systemLibrary(name: "CVectorUnits"),
    // C code: what must run before anything compiled for the newer processors can, and what a process of its own does where Swift's is a copy
    .target(name: "CProcessor"),
    .target(name: "CHDF5Server", dependencies: ["CHDF5"]),

    // The domain: none of it hears of Lua
    .target(name: "Tensors", dependencies: ["COneDNN", "CLAPACK", "CVectorUnits"], swiftSettings: vectorised),
    .target(name: "Ranks", dependencies: ["Tensors"]),
    .target(name: "Files", dependencies: ["Tensors", "CZip", "CCrypto", "CHDF5Server"]),
    .target(name: "NeuralNets", dependencies: ["Tensors", "Files"], swiftSettings: vectorised),
    .target(name: "Diffusion", dependencies: ["NeuralNets"]),
    .target(name: "Environments", dependencies: ["Tensors", "Files", "CMuJoCo"], swiftSettings: mujocoHeaders, linkerSettings: mujocoLibrary),
    .target(name: "Agents", dependencies: ["Diffusion", "Environments", "Ranks"], swiftSettings: mujocoHeaders),
    .target(name: "Runs", dependencies: ["Tensors", "Files"]),
    .target(name: "Suites", dependencies: ["Runs"]),

    // Its face
    .target(name: "LuaBridge", dependencies: ["CLua"]),
    .target(name: "Script", dependencies: ["LuaBridge", "Agents", "Ranks", "Suites"], swiftSettings: mujocoHeaders),
    .executableTarget(
      name: "dsrl-lua",
      dependencies: ["Script", "Ranks", "CReadline", "CMalloc", "CProcess", "CProcessor", "CVectorUnits", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: mujocoHeaders,
      linkerSettings: [.unsafeFlags(["-Xlinker", "-export-dynamic"])]),

    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "Files"], exclude: ["Fixtures"]),
    .testTarget(name: "FilesTests", dependencies: ["Files"]),
    .testTarget(name: "NeuralNetsTests", dependencies: ["NeuralNets"], exclude: ["Fixtures"]),
    .testTarget(name: "DiffusionTests", dependencies: ["Diffusion", "Files", "Runs"], exclude: ["Fixtures"]),
    .testTarget(name: "EnvironmentsTests", dependencies: ["Environments", "Files"], exclude: ["Fixtures"], swiftSettings: mujocoHeaders),
    .testTarget(name: "AgentsTests", dependencies: ["Agents"], swiftSettings: mujocoHeaders),
    .testTarget(name: "RunsTests", dependencies: ["Runs"]),
    .testTarget(name: "SuitesTests", dependencies: ["Suites"]),
    .testTarget(name: "LuaBridgeTests", dependencies: ["LuaBridge", "CMalloc"]),
    .testTarget(name: "ScriptTests", dependencies: ["Script"], swiftSettings: mujocoHeaders),
  ]
)
