import FoundationEssentials
import Testing

/// Every Tests/Scripts/*.lua is run by itself; it asserts what it wants to.
@Test(arguments: try FileManager.default.contentsOfDirectory(atPath: Program.root + "/Tests/Scripts").filter { $0.hasSuffix(".lua") }.sorted())
func script(_ name: String) throws {
  let program = try Program()
  let outcome = try program.run(["run", "\(Program.root)/Tests/Scripts/\(name)", "--out", "r"])
  #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
  try program.remove()
}
