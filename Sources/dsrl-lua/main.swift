print("dsrl-lua")
