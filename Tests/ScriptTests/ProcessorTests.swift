import Glibc
import Testing

/// The program on processors that are older than its build, which qemu plays; where qemu-x86_64 is not installed the test says so and passes.
@Suite struct ProcessorTests {
  private static let emulator: String? = {
    let places: [String] = ["/usr/bin/qemu-x86_64", "/usr/local/bin/qemu-x86_64"]
    return places.first { access($0, X_OK) == 0 }
  }()

  @Test(
    .enabled(if: emulator != nil, "qemu-x86_64 (Debian's qemu-user) is not installed, so older processors are not tried"),
    arguments: [("Nehalem", 2, "lacks AVX, AVX2, BMI1, BMI2, F16C, FMA, LZCNT, MOVBE"), ("SandyBridge", 2, "lacks AVX2, BMI1"), ("max", 0, "")])
  func olderProcessor(_ processor: String, _ code: Int32, _ words: String) throws {
    let program = try Program()
    let outcome = try program.run(["-e", "print(1)"], under: [try #require(Self.emulator), "-cpu", processor])
    #expect(outcome.code == code, "\(outcome.errors)")
    #expect(outcome.output == (code == 0 ? "1\n" : ""))
    #expect(words.isEmpty || outcome.errors.contains("dsrl-lua: this processor " + words), "\(outcome.errors)")
    try program.remove()
  }
}
