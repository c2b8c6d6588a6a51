import Diffusion
import LuaBridge
import Tensors

extension Inversion: LuaBridge.Options {}

extension Interpreter {
  /// What a policy does with its noise, looked at from near: methods of Policy, and the types of their results.
  func installInspection() {
    installTraces()
    installSamplerComparisons()
    for (name, doc) in inversionOptions { registry.document(option: "Policy:invert." + name, doc) }
    type(PolicyObject.self) { t in
      t.method("invert", "(observation: Tensor | table, action: Tensor | table, options?: table) -> Tensor, Tensor | number, Tensor | number",
        "Noise that leads to an action: [n, observation], [n, horizon, action] to [n, latent], or without n for one. method: \"fixed_point\" solves each of the sampler's steps for its start; \"ode\" integrates its differential equation back (ddim: DDIM inversion), in `steps` (the sampler's own); \"least_squares\" searches with decoding alone, for policies of any kind. Also returns how far the noise's own action is from the one given (root of the mean square, in [-1, 1]), and the share of the action at the bound to which the sampler clips, past which noises cannot be told apart.",
        options: Inversion.self) {
        [unowned self] (policy: PolicyObject, observation: TensorLike, action: TensorLike, options: LuaTable?) throws -> (Tensor, LuaValue, LuaValue) in
        try long { try inverted(policy.policy, observation.tensor, action.tensor, (options ?? LuaTable()).decode()) }
      }
      t.method("trace", "(observation: Tensor | table, noise: Tensor | table, options?: {plot: string?}) -> Trace",
        "The way from noise to action: points, denoised samples, times, signal and noise at every evaluation of the network, in float32. Prints itself as a table; trace.figure draws itself at the prompt. plot: writes that figure, .svg or .png. Of a black box only the two ends are known.") {
        [unowned self] (policy: PolicyObject, observation: TensorLike, noise: TensorLike, options: LuaTable?) throws -> TraceObject in
        let plot = try takePlot(options)
        let found: TraceObject = try long { try traced(policy.policy, observation.tensor, noise.tensor) }
        if let plot { try found.figure().write(to: plot) }
        return found
      }
      t.method("compare_samplers", "(observation: Tensor | table, noise: Tensor | table, samplers: Sampler[], options?: {plot: string?}) -> SamplerComparison",
        "The same noises by several samplers of the policy's process: their actions, how far they are apart, and their ways. The policy keeps its own. plot: writes the figure, .svg or .png.") {
        [unowned self] (policy: PolicyObject, observation: TensorLike, noise: TensorLike, samplers: [SamplerObject], options: LuaTable?) throws -> SamplerComparison in
        let plot = try takePlot(options)
        let comparison: SamplerComparison = try long { try compared(policy.policy, observation.tensor, noise.tensor, samplers) }
        if let plot { try comparison.figure().write(to: plot) }
        return comparison
      }
      t.method("jacobian", "(observation: Tensor | table, noise: Tensor | table, options?: {step: number?}) -> Tensor",
        "d action / d noise in the environment's units, [n, horizon * action, latent], or without n for one; by central differences, in 2 * latent decodings. step (1/128; bfloat16: 1/8): of the noise.") {
        [unowned self] (policy: PolicyObject, observation: TensorLike, noise: TensorLike, options: LuaTable?) throws -> Tensor in
        var options = options ?? LuaTable()
        let step: Float? = try options.takeOptional("step")
        try options.finish()
        let given = try PolicyRows(policy.policy, observation.tensor, noise: noise.tensor)
        let slopes = try long { try policy.policy.jacobian(given.observation, noise: given.other, step: step) }
        return given.isRow ? try slopes.select(0, 0) : slopes
      }
    }
    for name in ["Policy:trace", "Policy:compare_samplers"] { registry.document(name, options: ["plot": "writes the figure, .svg or .png"]) }
    registry.document("Policy:jacobian", options: ["step": "of the noise's numbers (1/128; bfloat16: 1/8)"])
  }
}

private let inversionOptions: KeyValuePairs = [
  "method": "how the noise is sought; nil: fixed_point, of a black box least_squares", "steps": "of ode, from action to noise; nil: the sampler's own",
  "iterations": "of fixed_point (60 for each step of the sampler) and least_squares (30)",
  "tolerance": "of fixed_point and least_squares (1e-6): an action no farther off than this, in [-1, 1], will do",
]

private func takePlot(_ options: LuaTable?) throws -> String? {
  var options = options ?? LuaTable()
  let plot: String? = try options.takeOptional("plot")
  try options.finish()
  return plot
}

private func inverted(_ policy: any BasePolicy, _ observation: Tensor, _ action: Tensor, _ options: Inversion) throws -> (Tensor, LuaValue, LuaValue) {
  let given = try PolicyRows(policy, observation, action: action)
  let found = try policy.invert(given.observation, chunk: given.other, options)
  guard given.isRow else { return (found.noise, .object(found.error), .object(found.clipped)) }
  return (try found.noise.select(0, 0), .number(Double(try found.error.item())), .number(Double(try found.clipped.item())))
}

private func traced(_ policy: any BasePolicy, _ observation: Tensor, _ noise: Tensor) throws -> TraceObject {
  let given = try PolicyRows(policy, observation, noise: noise)
  let trace = try policy.trace(given.observation, noise: given.other)
  return TraceObject(trace, action: try policy.chunks(trace.result), isRow: given.isRow)
}

private func compared(_ policy: any BasePolicy, _ observation: Tensor, _ noise: Tensor, _ samplers: [SamplerObject]) throws -> SamplerComparison {
  guard let diffusion = policy as? DiffusionPolicy else { throw UsageError("of a black box only decoding is known, so there are no samplers to compare") }
  guard (2...16).contains(samplers.count) else { throw UsageError("a comparison wants 2 to 16 samplers, got \(samplers.count)") }
  let given = try PolicyRows(policy, observation, noise: noise)
  guard given.observation.shape[0] > 0 else { throw UsageError("a comparison wants at least one observation") }
  let normalized = try policy.normalize(given.observation)
  let traces = try samplers.map { try diffusion.trace(normalized: normalized, noise: given.other, by: $0.sampler) }
  return try SamplerComparison(traces, samplers, actions: traces.map { try policy.chunks($0.result) }, isRow: given.isRow)
}

extension BasePolicy {
  /// Chunks in [-1, 1], [n, horizon · action], as the environment takes them, [n, horizon, action].
  fileprivate func chunks(_ chunk: Tensor) throws -> Tensor { try denormalize(chunk).reshape([chunk.shape[0], horizon, actionSize]) }
}
