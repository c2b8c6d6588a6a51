import Files
import Glibc
import LuaBridge
import Runs
import Script
import Tensors

/// How fast matrix products of a learner's size are.
enum SpeedCheck {
  /// GFLOP/s of 512 x 512 x 512 in float32, the best of the tries within `seconds`.
  static func rate(threads: Int, seconds: Double) throws -> Double {
    let before = Threads.count
    try Threads.use(threads)
    var stream = RandomStream(seed: 1, purpose: "speed")
    let size = 512
    let a = try Tensor.randn([size, size], using: &stream)
    let b = try Tensor.randn([size, size], using: &stream)
    let end = Progress.clock() + seconds
    var best = 0.0
    repeat {
      let began = Progress.clock()
      _ = try a.matmul(b)
      best = max(best, 2e-9 * Double(size * size * size) / (Progress.clock() - began))
    } while Progress.clock() < end
    try Threads.use(before)
    return best
  }
}

/// Whether a seed settles every bit.
enum DeterminismCheck {
  /// SHA-256 of what a policy that was trained for a moment and an agent that steers it for a moment do.
  static func digest(threads: Int) throws -> String {
    let before = Threads.count
    try Threads.use(threads)
    let session = try Session(seed: 1)
    guard case .string(let text)? = try session.lua.run(script, name: "=determinism").first else {
      throw UsageError("the determinism check returned nothing")
    }
    try Threads.use(before)
    return try SHA256.hex(Array(text.utf8))
  }

  private static let script = """
    local env = dsrl.env.make("PointFork-v0", {num_envs = 4, chunk = 4, seed = 1})
    local policy = dsrl.policy.diffusion{env = env, network = {hidden = {64, 64, 64}}, process = {steps = 10}, seed = 1}
    policy:fit(dsrl.data.demonstrations{episodes = 20, seed = 1}, {epochs = 1, seed = 1})
    local agent = dsrl.agent.dsrl_na{
      env = env, policy = policy, seed = 1, hidden = {64, 64}, init_rollout_steps = 4, batch_size = 64, gradient_steps = 2, noise_critic_grad_steps = 2,
    }
    for _ = 1, 6 do agent:advance() end
    local numbers = agent:act(dsrl.randn(64, 2)):reshape(-1):to_table()
    for i, x in ipairs(numbers) do numbers[i] = ("%a"):format(x) end
    return table.concat(numbers, " ")
    """
}

extension Session {
  /// Bytes that are free on the disk of the working folder.
  static func freeSpace() throws -> Int {
    var disk = statvfs()
    guard statvfs(".", &disk) == 0 else { throw UsageError("cannot ask for the space on this disk: \(String(cString: strerror(errno)))") }
    return Int(disk.f_bavail) * Int(disk.f_frsize)
  }
}
