//! The official SDK and `requests`, in a virtual environment in the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::child;
use crate::places::{HOME, target_folder, tool};
use crate::rounds::Contestant;

pub struct Python {
    interpreter: PathBuf,
}

impl Python {
    pub fn find() -> Result<Self> {
        let python = tool("python3", "python3-venv")?;
        let folder = target_folder().join("python");
        let interpreter = folder.join("bin/python");
        let has_all = |interpreter: &Path| {
            let check = ["-c", "import alibabacloud_dingtalk, requests"];
            Command::new(interpreter).args(check).output().is_ok_and(|ended| ended.status.success())
        };
        if !has_all(&interpreter) {
            println!("installing the Python SDK");
            let _ = std::fs::remove_dir_all(&folder);
            child::output(python, &["-m", "venv", &folder.display().to_string()])
                .map_err(|e| format!("python3 -m venv failed (apt-get install python3-venv): {e}"))?;
            let pip =
                ["-m", "pip", "install", "--quiet", "--timeout", "30", "alibabacloud_dingtalk", "requests"];
            child::output(&interpreter.display().to_string(), &pip)
                .map_err(|e| format!("pip cannot install alibabacloud_dingtalk: {}", e.to_string().trim()))?;
        }
        Ok(Self { interpreter })
    }

    /// Creates a contestant from a script in `python/` and its arguments.
    pub fn script(&self, label: &str, name: &str, args: &[&str]) -> Contestant {
        let path = Path::new(HOME).join("python").join(name).display().to_string();
        Contestant::new(label, &self.interpreter, &[&[&path[..]], args].concat())
    }

    pub fn versions(&self) -> Result<String> {
        let code = "import sys, importlib.metadata as m; print('Python', sys.version.split()[0], \
                    'alibabacloud_dingtalk', m.version('alibabacloud_dingtalk'), 'requests', m.version('requests'))";
        child::output(&self.interpreter.display().to_string(), &["-c", code])
    }
}
