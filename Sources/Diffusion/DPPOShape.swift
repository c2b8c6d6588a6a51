import NeuralNets
import Tensors

/// Reads a denoiser's sizes off its arrays' names and shapes.
struct DPPOShape {
  let state: [String: Tensor]

  /// Throws naming the kind of a network that is no diffusion MLP (nor a U-Net, which DPPOUNet reads).
  init(_ state: [String: Tensor]) throws {
    self.state = state
    func has(_ part: String) -> Bool { state.keys.contains { $0.hasPrefix(part) } }
    if has("backbone.") || has("compress") { throw UsageError("the checkpoint is of a vision policy (it has image layers); policies of state observations are read") }
    if has("vel_head.") { throw UsageError("the checkpoint is of a shortcut flow (it has vel_head), whose network is told the step's length too; diffusion MLPs are read") }
    guard has("time_embedding."), has("mlp_mean.") else {
      throw UsageError("the checkpoint is of no diffusion MLP: wanted time_embedding and mlp_mean, got \(state.keys.sorted().prefix(6).joined(separator: ", "))")
    }
  }

  func config(observation: Int, action: Int) throws -> DiffusionMLP.Config {
    let plain = state["mlp_mean.moduleList.0.linear_1.weight"] != nil
    let trunk = try plain ? list("mlp_mean.moduleList.", ".linear_1.weight") : residual()
    guard let first = trunk.first, let last = trunk.last, trunk.count > 1 else { throw UsageError("the checkpoint's mlp_mean has fewer than two layers") }
    let (chunk, time) = (last[0], try size("time_embedding.1.weight")[1])
    guard chunk > 0, chunk % action == 0 else {
      throw UsageError("the network puts out \(chunk) numbers, which is no multiple of the \(action) of an action in its normalization")
    }
    var config = DiffusionMLP.Config(observationSize: observation, actionSize: action, horizon: chunk / action)
    config.kind = plain ? .mlp : .residualMLP
    config.timeSize = time
    config.hidden = trunk.dropLast().map { $0[0] }
    config.layerNorm = state.keys.contains { $0.hasPrefix("mlp_mean.") && $0.contains("norm") }
    let condition = try list("cond_mlp.moduleList.", ".linear_1.weight")
    if !condition.isEmpty { config.conditionHidden = condition.map { $0[0] } }
    let seen = condition.first?[1] ?? first[1] - chunk - time
    guard seen > 0, seen % observation == 0 else {
      throw UsageError("the network sees \(seen) numbers of observation, which is no multiple of the \(observation) in its normalization")
    }
    config.observationSteps = seen / observation
    return config
  }

  /// [out, in] of each layer, a block's two layers among them.
  private func residual() throws -> [[Int]] {
    var shapes = [try size("mlp_mean.layers.0.weight")]
    var index = 1
    while state["mlp_mean.layers.\(index).l1.weight"] != nil {
      shapes += [try size("mlp_mean.layers.\(index).l1.weight"), try size("mlp_mean.layers.\(index).l2.weight")]
      index += 1
    }
    return shapes + [try size("mlp_mean.layers.\(index).weight")]
  }

  private func list(_ start: String, _ end: String) throws -> [[Int]] {
    var shapes: [[Int]] = []
    while state[start + String(shapes.count) + end] != nil { shapes.append(try size(start + String(shapes.count) + end)) }
    return shapes
  }

  private func size(_ name: String) throws -> [Int] {
    guard let tensor = state[name] else { throw UsageError("the checkpoint has no '\(name)'") }
    guard tensor.rank == 2 else { throw UsageError("'\(name)' wants two dimensions, got \(tensor.shape)") }
    return tensor.shape
  }
}
