import Diffusion
import Glibc
import LuaBridge
import Tensors

extension Interpreter {
  /// Policies whose decoding is a Lua function.
  func installCustomPolicies() {
    module("dsrl.policy") { m in
      m.function("custom", "(options: table) -> Policy",
        "A policy of your own: decode = function(observation, noise) -> actions, called with [n, observation] and [n, latent], returns [n, horizon, action] (or [n, horizon * action]) in the environment's units; the same arguments must give the same actions, and no gradient passes. observation_size, action_size, horizon (1) and latent_size (horizon * action_size), or env, whose sizes, chunk and bounds of actions it takes; action_low and action_high (-1 and 1): a number, or one for each number of an action, what agents scale to [-1, 1]; observations they see as they are. seed (0). Agents steer it, evaluate, collect, invert, trace, jacobian and steerability take it; it is not saved, since a function is not.",
        makeCustomPolicy)
    }
    registry.document("dsrl.policy.custom", options: [
      "decode": "function(observation [n, observation], noise [n, latent]) -> actions [n, horizon, action]",
      "env": "Environment whose sizes and action bounds it takes", "observation_size": "numbers in an observation, instead of env",
      "action_size": "numbers in an action, instead of env", "horizon": "actions in a chunk (env's chunk, else 1)",
      "latent_size": "numbers of noise for one chunk (horizon * action_size)", "action_low": "the least of an action, a number or a list (env's, else -1)",
      "action_high": "the greatest of an action (env's, else 1)", "seed": "of the noise it acts with (0)",
    ])
  }
}

private func makeCustomPolicy(_ options: LuaTable) throws -> PolicyObject {
  var table = options
  let env: EnvironmentObject? = try table.takeOptional("env")
  let observation: Int? = try table.takeOptional("observation_size")
  let action: Int? = try table.takeOptional("action_size")
  let horizon: Int = try table.takeOptional("horizon") ?? env?.recipe.chunk ?? 1
  let latent: Int? = try table.takeOptional("latent_size")
  let low = try table.takeNumberOrList("action_low"), high = try table.takeNumberOrList("action_high")
  let seed: Int = try table.takeOptional("seed") ?? 0
  let decode: LuaFunction = try table.take("decode")
  try table.finish()
  guard let observationSize = observation ?? env?.observationSpace.box.count, let actionSize = action ?? env?.actionSpace.box.count else {
    throw LuaError("missing 'env', or else 'observation_size' and 'action_size'")
  }
  for (name, size) in [("observation_size", observationSize), ("action_size", actionSize), ("horizon", horizon)] { try checkSize(name, size) }
  let latentSize = latent ?? horizon * actionSize
  for (name, size) in [("latent_size", latentSize), ("horizon * action_size", horizon * actionSize)] { try checkSize(name, size) }
  func bounds(_ given: [Double]?, _ space: [Double]?) -> [Float]? {
    if let given { return given.count == 1 ? Array(repeating: Float(given[0]), count: actionSize) : given.map { Float($0) } }
    return space?.map { Float($0) }
  }
  let box = env.flatMap { $0.actionSpace.box.count == actionSize ? $0.actionSpace.box : nil }
  let home = pthread_self()
  let policy = try CustomPolicy(
    observationSize: observationSize, actionSize: actionSize, horizon: horizon, latentSize: latentSize, low: bounds(low, box?.low), high: bounds(high, box?.high)
  ) { observation, noise in
    precondition(pthread_equal(home, pthread_self()) != 0, "a Lua function runs on its interpreter's thread alone")
    // Copies: what the function writes into them stays its own.
    return try decode.call(returning: TensorLike.self, "decode", observation.clone(), noise.clone()).tensor
  }
  return PolicyObject(policy, seed: seed)
}
