import FoundationEssentials
import LuaBridge
@testable import Script

/// An interpreter with the domain's libraries and nothing of a session.
struct Domain {
  let lua: Interpreter
  /// A folder of this test's own, as Lua's global `folder`.
  let folder: String

  init() throws {
    lua = try Interpreter()
    lua.installModule("dsrl", doc: "The module.", global: true)
    lua.installTensors()
    lua.installEnvironments()
    lua.installData()
    lua.installPolicies()
    try lua.installAgents()
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    lua.searchPath = "/\(root)/stdlib/?.lua"
    folder = FileManager.default.temporaryDirectory.path + "/dsrl-lua-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try lua.setGlobal("folder", folder)
    try lua.run(Domain.helpers)
  }

  func close() throws { try FileManager.default.removeItem(atPath: folder) }

  /// The results of a chunk as a script would write them.
  func results(_ source: String) throws -> String { try lua.run(source).map(\.description).joined(separator: ", ") }
  /// The error of a chunk.
  func message(_ source: String) -> String {
    do {
      try lua.run(source)
      return "no error"
    } catch { return "\(error)" }
  }

  private static let helpers = """
    fork = dsrl.env.make("PointFork-v0", {num_envs = 2, chunk = 2})
    small = {env = fork, network = {hidden = {16, 16}}, process = {steps = 10}}
    function fitted()
      local policy = dsrl.policy.diffusion(small)
      policy:fit(dsrl.data.demonstrations{episodes = 5}, {epochs = 2})
      return policy
    end
    function same(a, b)
      local x, y = a:reshape(-1):to_table(), b:reshape(-1):to_table()
      if #x ~= #y then return false end
      for i = 1, #x do if x[i] ~= y[i] then return false end end
      return true
    end
    """
}
