using System.Diagnostics;
using System.Text;

namespace Palisade.ApiServer.Tests.Storage;

/// <summary>An API server in a process of its own, that can be killed.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, string url, string kubeconfig)
    {
        _process = process;
        Client = new Client(kubeconfig, url);
    }

    public Client Client { get; }

    public int Id => _process.Id;

    /// <summary>Starts one; what it says instead of being ready is the exception's text.</summary>
    public static Task<ServerProcess> StartAsync(string directory) => StartAsync(Program, directory);

    public static async Task<ServerProcess> StartAsync(string program, params IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
        if (line?.Split(' ') is ["ready", var url, var kubeconfig])
            return new ServerProcess(process, url, Encoding.UTF8.GetString(Convert.FromBase64String(kubeconfig)));
        process.Kill();
        throw new IOException(await errors);
    }

    /// <summary>
    /// PALISADE_SERVER (a whole path), such as the native one that starts faster and ./build.sh bench apiserver makes;
    /// or the one built beside this project, in the same configuration.
    /// </summary>
    public static string Program =>
        Environment.GetEnvironmentVariable("PALISADE_SERVER") is { Length: > 0 } named ? named : Built;

    private static string Built
    {
        get
        {
            var output = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
            return Path.Combine(
                output.Parent!.Parent!.Parent!.Parent!.FullName,
                "Palisade.ApiServer.Process/bin", output.Parent.Name, output.Name, "Palisade.ApiServer.Process");
        }
    }

    /// <summary>SIGKILL; ends when the process has.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }
}
