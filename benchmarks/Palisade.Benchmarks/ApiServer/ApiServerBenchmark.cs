using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace Palisade.Benchmarks.ApiServer;

/// <summary>
/// The embedded API server with ten thousand NetworkPolicies: durable writes a second, lists, a thousand watchers, and
/// memory. The data directory is below the current one, on a real disk.
/// </summary>
internal static class ApiServerBenchmark
{
    private const int Policies = 10_000;
    private const int Writers = 32;
    private const int Watches = 1000;
    private const int Lists = 30;
    private const string Name = "Palisade.ApiServer.Process";
    private const string All = "/apis/networking.k8s.io/v1/networkpolicies";
    private const string Path = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies";

    public static async Task<int> RunAsync(bool jit, int changes, int perConnection)
    {
        var program = System.IO.Path.Combine(
            Environment.CurrentDirectory, jit ? $"tests/{Name}/bin/Release/net10.0" : "artifacts/build/server", Name);
        if (!File.Exists(program))
        {
            Console.Error.WriteLine($"{program} is not there: ./build.sh bench apiserver makes it");
            return 2;
        }

        var directory = Directory.CreateDirectory(
            System.IO.Path.Combine(Environment.CurrentDirectory, "artifacts", $"bench-{Environment.ProcessId}"));
        try
        {
            await MeasureAsync(program, directory.FullName, changes, perConnection);
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        return 0;
    }

    private static async Task MeasureAsync(string program, string directory, int changes, int perConnection)
    {
        Console.WriteLine($"load before: {File.ReadAllText("/proc/loadavg").Trim()}");
        using var server = ServerUnderTest.Start(program, directory);
        var clients = Enumerable.Range(0, Writers).Select(_ => server.NewClient(http2: false)).ToList();
        await clients[0].GetByteArrayAsync("/version");
        await Task.Delay(TimeSpan.FromSeconds(2));
        Console.WriteLine($"server: {program}");
        Console.WriteLine("| | | target |");
        Console.WriteLine("|---|---|---|");
        Console.WriteLine($"| idle | {server.Memory("VmRSS"):F0} MB | <= 80 MB |");
        var took = await WriteAsync(clients, Policies, (client, i) => client.PostAsync(Path, Policy(i)));
        Console.WriteLine($"| {Policies} creates, {Writers} writers | {Policies / took:F0} /s | >= 2,000 /s |");
        await ListAsync(clients[0], packed: false);
        await ListAsync(server.NewClient(http2: true), packed: true);
        Console.WriteLine($"| after that | {server.Memory("VmRSS"):F0} MB | <= 250 MB |");
        using var watchers = new Watchers();
        await watchers.OpenAsync(server, Watches, perConnection, await VersionAsync(clients[0]));
        var began = Stopwatch.GetTimestamp();
        var reading = watchers.ReadAsync(changes);
        took = await WriteAsync(clients, changes, (client, i) => client.PatchAsync($"{Path}/p{i}", Patch(i)));
        var bytes = await reading;
        var all = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Console.WriteLine(
            $"| {changes} changes, {Watches} watchers, {perConnection} a connection | {changes / took:F0} changes/s, " +
            $"all told after {all:F1} s: {(double)changes * Watches / all / 1000:F0} thousand events/s, " +
            $"{bytes / all / 1e6:F0} MB/s | none lost, in order |");
        Console.WriteLine($"| most memory of all this | {server.Memory("VmHWM"):F0} MB | <= 250 MB |");
        Console.WriteLine($"load after: {File.ReadAllText("/proc/loadavg").Trim()}");
        clients.ForEach(client => client.Dispose());
    }

    private static async Task<double> WriteAsync(
        List<HttpClient> clients, int count, Func<HttpClient, int, Task<HttpResponseMessage>> write)
    {
        var next = -1;
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(clients.Select(client => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                using var answer = await write(client, i);
                answer.EnsureSuccessStatusCode();
            }
        })));
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task ListAsync(HttpClient client, bool packed)
    {
        if (packed)
            client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        var times = new List<double>();
        var length = 0;
        for (var i = -3; i < Lists; i++)
        {
            var began = Stopwatch.GetTimestamp();
            length = (await client.GetByteArrayAsync(All)).Length;
            if (i >= 0)
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        times.Sort();
        var how = packed ? "gzip" : "plain";
        Console.WriteLine($"| list of {Policies}, {how}, {length / 1e6:F1} MB | median {times[Lists / 2]:F0} ms, " +
            $"most {times[^1]:F0} ms | <= 150 ms |");
    }

    private static async Task<long> VersionAsync(HttpClient client)
    {
        var list = await client.GetStringAsync(All + "?limit=1");
        return long.Parse(
            Regex.Match(list, "\"resourceVersion\":\"(\\d+)\"").Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private static StringContent Policy(int i) => new(
        $$"""
        {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{
         "name":"p{{i}}","labels":{"app":"a{{i}}"} },
         "spec":{"podSelector":{"matchLabels":{"app":"a{{i}}"} },"policyTypes":["Ingress"],"ingress":[{"from":[
         {"podSelector":{"matchLabels":{"role":"client"} } },{"ipBlock":{"cidr":"10.0.0.0/8"} }],
         "ports":[{"protocol":"TCP","port":8080}]}]} }
        """,
        Encoding.UTF8,
        "application/json");

    private static StringContent Patch(int i) => new(
        $$"""{"metadata":{"annotations":{"changed":"{{i}}"} } }""", Encoding.UTF8, "application/merge-patch+json");
}
