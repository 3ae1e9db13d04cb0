using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Palisade.Kubernetes.Client;

namespace Palisade.Benchmarks.Enforcement;

/// <summary>
/// From the API's acknowledgement of a deny-all policy to the first datagram that no longer arrives, and from the
/// acknowledgement of its deletion to the first that does again. The cluster is `palisade up` as a user starts it.
/// </summary>
internal static class EnforcementBenchmark
{
    private const string Namespace = "bench";
    private const int Port = 7000;

    public static async Task<int> RunAsync(string[] args)
    {
        var changes = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 200;
        var directory = Directory.CreateTempSubdirectory("palisade-bench-").FullName;
        using var up = await UpProcess.StartAsync(directory);
        using var client = KubeClient.FromKubeconfig(Path.Combine(directory, "kubeconfig"));
        var (sent, received) = (Path.Combine(directory, "sent"), Path.Combine(directory, "received"));
        await client.CreateAsync(KubeResource.Namespaces, null, Named("v1", "Namespace", Namespace, null), default);
        await CreatePodAsync(client, "receiver", "receive", Port.ToString(CultureInfo.InvariantCulture), received);
        var address = await AddressAsync(client, "receiver");
        await CreatePodAsync(client, "sender", "send", address, Port.ToString(CultureInfo.InvariantCulture), sent);
        await AddressAsync(client, "sender");
        await Task.Delay(3000);
        var marks = await ChangeAsync(client, changes);
        await Task.Delay(500);
        File.Create(sent + ".stop").Dispose();
        File.Create(received + ".stop").Dispose();
        await Task.Delay(1500);
        Report(changes, marks, Stamps(sent), [.. Stamps(received)]);
        return 0;
    }

    /// <summary>Applies and deletes the policy in turn; when the server had answered each.</summary>
    private static async Task<List<(bool Deny, long Acknowledged)>> ChangeAsync(KubeClient client, int changes)
    {
        var marks = new List<(bool, long)>();
        for (var i = 0; i < changes; i++)
        {
            await client.CreateAsync(KubeResource.NetworkPolicies, Namespace, DenyAll(), default);
            marks.Add((true, Stopwatch.GetTimestamp()));
            await Task.Delay(200 + i % 7);
            await client.DeleteAsync(KubeResource.NetworkPolicies, Namespace, "deny-all", default);
            marks.Add((false, Stopwatch.GetTimestamp()));
            await Task.Delay(200 + i % 11);
        }

        return marks;
    }

    private static void Report(int changes, List<(bool Deny, long At)> marks, List<long> sent, HashSet<long> received)
    {
        var (deny, allow) = (new List<double>(), new List<double>());
        for (var i = 0; i < marks.Count; i++)
        {
            var (isDeny, at) = marks[i];
            // A change may take effect before its acknowledgement is read: look from 20 ms before it
            // to the next change.
            var from = at - Stopwatch.Frequency / 50;
            var until = i + 1 < marks.Count ? marks[i + 1].At - Stopwatch.Frequency / 50 : long.MaxValue;
            var first = sent.Where(stamp => stamp >= from && stamp < until && received.Contains(stamp) != isDeny)
                .Select(stamp => (long?)stamp).FirstOrDefault();
            if (first is { } stamp)
                (isDeny ? deny : allow).Add((stamp - at) * 1000.0 / Stopwatch.Frequency);
        }

        Console.WriteLine($"{changes} changes, {sent.Count} datagrams, {received.Count} arrived; resolution 0.25 ms");
        Console.WriteLine("| from the acknowledgement | seen | p50 ms | p90 ms | p99 ms | max ms |");
        Console.WriteLine("|---|---|---|---|---|---|");
        Row("of deny-all to the first blocked packet", deny);
        Row("of its deletion to the first that passes", allow);
    }

    private static void Row(string name, List<double> times)
    {
        times.Sort();
        string At(double share) => times.Count == 0
            ? "-"
            : times[Math.Min(times.Count - 1, (int)Math.Ceiling(share * times.Count) - 1)].ToString(
                "0.00", CultureInfo.InvariantCulture);
        Console.WriteLine($"| {name} | {times.Count} | {At(0.5)} | {At(0.9)} | {At(0.99)} | {At(1)} |");
    }

    private static List<long> Stamps(string file)
    {
        var bytes = File.ReadAllBytes(file);
        return [.. Enumerable.Range(0, bytes.Length / 8).Select(i => BitConverter.ToInt64(bytes, i * 8))];
    }

    private static JsonObject Named(string version, string kind, string name, string? ns)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (ns is not null)
            metadata["namespace"] = ns;
        return new() { ["apiVersion"] = version, ["kind"] = kind, ["metadata"] = metadata };
    }

    private static JsonObject DenyAll()
    {
        var policy = Named("networking.k8s.io/v1", "NetworkPolicy", "deny-all", Namespace);
        policy["spec"] =
            new JsonObject { ["podSelector"] = new JsonObject(), ["policyTypes"] = new JsonArray("Ingress", "Egress") };
        return policy;
    }

    private static Task CreatePodAsync(KubeClient client, string name, params string[] arguments)
    {
        var command =
            new JsonArray([Environment.ProcessPath, .. arguments.Select(argument => JsonValue.Create(argument))]);
        var pod = Named("v1", "Pod", name, Namespace);
        pod["spec"] = new JsonObject
        {
            ["restartPolicy"] = "Never",
            ["containers"] =
                new JsonArray(new JsonObject { ["name"] = name, ["image"] = "host", ["command"] = command }),
        };
        return client.CreateAsync(KubeResource.Pods, Namespace, pod, default);
    }

    private static async Task<string> AddressAsync(KubeClient client, string pod)
    {
        for (var i = 0; i < 100; i++)
        {
            var status = (await client.GetAsync(KubeResource.Pods, Namespace, pod, default))["status"];
            if (status?["phase"]?.GetValue<string>() == "Running" && status["podIP"]?.GetValue<string>() is { } address)
                return address;
            await Task.Delay(100);
        }

        throw new InvalidOperationException($"pod {pod} does not run");
    }
}
