import Diffusion
import LuaBridge

extension ONNXExport: LuaBridge.Options {}

/// Policies for other programs.
func declarePolicyExport(_ t: LuaType<PolicyObject>) {
  t.method("export_onnx", "(path: string, options?: {opset: integer?})",
    "Writes decode as an ONNX graph in float32: inputs observation [n, observation] and noise [n, latent], output action [n, horizon, action], in the environment's units, every denoising step written out. opset (17): the version of ONNX's operators, 17 to 23. A sampler that draws noise inside goes out with the noise that decode keeps.",
    options: ONNXExport.self) { (policy: PolicyObject, path: String, options: LuaTable?) in
    try policy.diffusion(for: "export_onnx").exportONNX(to: path, (options ?? LuaTable()).decode(), version: version)
  }
}
