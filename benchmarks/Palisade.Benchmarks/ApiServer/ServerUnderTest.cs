using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace Palisade.Benchmarks.ApiServer;

/// <summary>The embedded API server in a process of its own, and clients for it.</summary>
internal sealed class ServerUnderTest : IDisposable
{
    private readonly Process _process;
    private readonly string _url;
    private readonly string _kubeconfig;

    private ServerUnderTest(Process process, string url, string kubeconfig)
    {
        _process = process;
        _url = url;
        _kubeconfig = kubeconfig;
    }

    public static ServerUnderTest Start(string program, string directory)
    {
        var process = Process.Start(new ProcessStartInfo(program, [directory])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        if (process.StandardOutput.ReadLine()?.Split(' ') is not ["ready", var url, var kubeconfig])
            throw new InvalidOperationException($"{program} did not become ready");
        return new ServerUnderTest(process, url, Encoding.UTF8.GetString(Convert.FromBase64String(kubeconfig)));
    }

    /// <summary>A field of /proc/PID/status in megabytes: VmRSS now, VmHWM at most so far.</summary>
    public double Memory(string field) => File.ReadLines($"/proc/{_process.Id}/status")
        .Where(line => line.StartsWith(field, StringComparison.Ordinal))
        .Select(line => double.Parse(Regex.Match(line, "\\d+").Value) / 1024).First();

    /// <summary>A client with connections of its own: HTTP/1.1 with one, or HTTP/2.</summary>
    public HttpClient NewClient(bool http2)
    {
        var ca = X509Certificate2.CreateFromPem(
            Encoding.ASCII.GetString(Convert.FromBase64String(Field("certificate-authority-data"))));
        var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = false, MaxConnectionsPerServer = 1 };
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            CustomTrustStore = { ca },
        };
        return new HttpClient(handler)
        {
            BaseAddress = new Uri(_url),
            DefaultRequestVersion = http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromMinutes(5),
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", Field("token")) },
        };
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string Field(string name) => Regex.Match(_kubeconfig, $"{name}: (\\S+)").Groups[1].Value;
}
