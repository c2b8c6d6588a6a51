import Diffusion
import LuaBridge
import NeuralNets
import Tensors

extension DPPOImport: LuaBridge.Options {}

extension Interpreter {
  /// Policies that other programs trained.
  func installPolicyImport() {
    module("dsrl.policy") { m in
      m.function("dppo", "(path: string, options: table) -> Policy",
        "The diffusion MLP or U-Net in a DPPO checkpoint (.pt): normalization, the path of its normalization.npz; weights (\"ema\", else \"model\"); activation (mish; DPPO's gym policies use relu); process = {steps} as it was trained with (20); sampler; action_steps (the whole chunk): actions of a chunk that are executed; seed (0). Sizes come from the file, observation_steps too; of a U-Net horizon, n_groups (8) and groupnorm_eps (1e-5; 1e-4 of DPPO's furniture policies) are to be told. Of a fine-tuned checkpoint the fine-tuned actor is taken.",
        options: DPPOImport.self, importDPPO)
      m.function("reinflow", "(path: string, options: table) -> Policy",
        "The flow policy in a ReinFlow checkpoint (.pt): normalization, the path of its normalization.npz; weights (\"ema\", else \"model\"); activation (mish; ReinFlow's gym policies use relu); sampler (as ReinFlow evaluates: 4 Euler steps, spacing \"linspace\", point_clip 1); seed (0). Sizes come from the file. Of a fine-tuned checkpoint the fine-tuned policy is taken, without its exploration noise.",
        options: DPPOImport.self, importReinFlow)
    }
  }
}

private func importReinFlow(_ path: String, _ options: LuaTable) throws -> PolicyObject {
  var table = options
  let normalization: String = try table.take("normalization")
  let sampler: SamplerObject? = try table.takeOptional("sampler")
  let seed: Int = try table.takeOptional("seed") ?? 0
  return PolicyObject(try DiffusionPolicy.reinFlow(path, normalization: normalization, table.decode(), sampler: sampler?.sampler), seed: seed)
}

private func importDPPO(_ path: String, _ options: LuaTable) throws -> PolicyObject {
  var table = options
  let normalization: String = try table.take("normalization")
  let named = try table.takeOptional("process").map(makeProcess) ?? .ddpm(DDPM())
  guard case .ddpm(let process) = named else { throw LuaError("DPPO's policies are of a ddpm process, got '\(named.kind.rawValue)'") }
  let sampler: SamplerObject? = try table.takeOptional("sampler")
  let seed: Int = try table.takeOptional("seed") ?? 0
  let policy = try DiffusionPolicy.dppo(path, normalization: normalization, table.decode(), process: process, sampler: sampler?.sampler)
  return PolicyObject(policy, seed: seed)
}
