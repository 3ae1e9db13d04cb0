using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Tests.Packets;
using Palisade.Dataplane.Tests.World;
using Palisade.Kubernetes.Client;
using Palisade.Nftables.Packets;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Agent;

/// <summary>What palisade-agent tells of flows: its socket, its Events, and what it does without a log group.</summary>
public sealed class AgentFlowTests
{
    private static readonly Address Web = Address.Parse("10.244.1.2");
    private static readonly Address Frontend = Address.Parse("10.244.1.3");

    [Fact]
    public async Task A_denial_is_on_the_socket_and_an_Event_of_the_pod_counted_up()
    {
        await using var bench = await AgentBench.StartAsync();
        await CloseWebAsync(bench);
        bench.StartAgent("--log-group", "4711");
        await bench.EnforcedAsync(1);
        var path = Path.Combine(bench.RunDirectory, "flows.sock");
        await UntilAsync(() => File.Exists(path), "the socket");
        if (OperatingSystem.IsLinux())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));

        // What is no request ends that client only.
        foreach (var nonsense in (string[])["\n", "[]\n", "{\"since\":7}\n", new string('x', 5000), "{\"follow\":1}\n"])
            _ = await AskAsync(path, nonsense);
        for (ushort i = 1; i <= 3; i++)
            Send(bench, (ushort)(30_000 + i), 80);
        var lines = await UntilAsync(
            async () => (await AskAsync(path, "{}\n")).Where(line => (string?)line["verdict"] == "deny").ToList(),
            found => found.Count >= 3);
        Assert.Equal(3, lines.Count);
        Assert.All(lines, line => Assert.Equal(
            ("frontend", "web", "closed"),
            ((string?)line["from"]!["pod"], (string?)line["to"]!["pod"], (string?)line["isolatedBy"]![0]!["name"])));

        var events = await UntilAsync(async () => await EventsAsync(bench), found => (int)found[0]!["count"]! == 3);
        var denied = (JsonObject)Assert.Single(events)!;
        Assert.Equal(("Warning", "PolicyDenied", "web", 3), ((string?)denied["type"], (string?)denied["reason"],
            (string?)denied["involvedObject"]!["name"], (int)denied["count"]!));
        var pod = await bench.Client.GetAsync(KubeResource.Pods, "dev-team", "web", default);
        Assert.Equal((string?)pod["metadata"]!["uid"], (string?)denied["involvedObject"]!["uid"]);
        Assert.StartsWith(
            "Denied TCP 80 from dev-team/frontend: ", (string?)denied["message"], StringComparison.Ordinal);
        Assert.Equal(("palisade-agent", "n1"),
            ((string?)denied["source"]!["component"], (string?)denied["source"]!["host"]));

        // Again, ten seconds later, is the same Event.
        Send(bench, 30_009, 80);
        await UntilAsync(async () => await EventsAsync(bench), found => (int)found[0]!["count"]! == 4);
        Assert.Single(await EventsAsync(bench));
    }

    /// <summary>kubectl describe asks for Events by the pod's uid.</summary>
    [Fact]
    public async Task A_pod_made_again_under_its_name_has_Events_of_its_own()
    {
        await using var bench = await AgentBench.StartAsync();
        await CloseWebAsync(bench);
        bench.StartAgent();
        await bench.EnforcedAsync(1);
        Send(bench, 30_001, 80);
        await UntilAsync(async () => await EventsAsync(bench), found => found.Count == 1);
        var before = await bench.Client.GetAsync(KubeResource.Pods, "dev-team", "web", default);
        await bench.Client.DeleteAsync(KubeResource.Pods, "dev-team", "web", default, 0);
        await bench.EnforcedAsync(await CreatePodAsync(bench, "web", Web), "pods");
        Send(bench, 30_002, 80);
        var events = await UntilAsync(async () => await EventsAsync(bench), found => found.Count == 2);
        var after = await bench.Client.GetAsync(KubeResource.Pods, "dev-team", "web", default);
        Assert.Equal(
            new[] { UidOf(before), UidOf(after) }.Order(StringComparer.Ordinal),
            events.Select(told => (string?)told!["involvedObject"]!["uid"]).Order(StringComparer.Ordinal));

        static string? UidOf(JsonObject pod) => (string?)pod["metadata"]!["uid"];
    }

    [Fact]
    public async Task Without_its_log_group_it_says_so_and_enforces()
    {
        await using var bench = await AgentBench.StartAsync();
        await CloseWebAsync(bench);
        using var other = bench.Node.Namespace.Run(() => new NflogSocket(7254));
        bench.StartAgent();
        await bench.EnforcedAsync(1);
        await UntilAsync(
            () =>
            {
                lock (bench.Log)
                    return bench.Log.Exists(line => line.Contains("flows-not-heard", StringComparison.Ordinal)
                        && line.Contains("has a listener already", StringComparison.Ordinal));
            },
            "what it says");
        Send(bench, 30_001, 80);
        Assert.Equal(1UL, bench.World.SocketOf(bench.Node).Counters(Names.Table())
            .Single(counter => counter.Name == "denied_ingress").Packets);
    }

    private static async Task CloseWebAsync(AgentBench bench)
    {
        bench.World.Seat(ClusterSnapshot.Of(
            endpoints:
            [
                new() { Namespace = "dev-team", Name = "web", Node = "n1", Addresses = [Web] },
                new() { Namespace = "dev-team", Name = "frontend", Node = "n1", Addresses = [Frontend] },
            ],
            nodes: [new("n1", Policy.Selectors.LabelSet.Empty, [OneNode.Node4])]));
        await bench.CreateAsync(KubeResource.Nodes, null, Parse("""
            { "apiVersion": "v1", "kind": "Node", "metadata": { "name": "n1" },
              "status": { "addresses": [ { "type": "InternalIP", "address": "192.168.50.1" } ] } }
            """));
        await bench.CreateAsync(KubeResource.Namespaces, null, Parse("""
            { "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "dev-team" } }
            """));
        foreach (var (name, address) in ((string, Address)[])[("web", Web), ("frontend", Frontend)])
            await CreatePodAsync(bench, name, address);

        await bench.CreateAsync(KubeResource.NetworkPolicies, "dev-team", Parse("""
            { "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "closed" },
              "spec": { "podSelector": {}, "policyTypes": ["Ingress"] } }
            """));
    }

    private static Task<ulong> CreatePodAsync(AgentBench bench, string name, Address address) =>
        bench.CreateAsync(KubeResource.Pods, "dev-team", Parse($$"""
            { "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "{{name}}" },
              "spec": { "nodeName": "n1", "containers": [ { "name": "c", "image": "i" } ] },
              "status": { "phase": "Running", "podIP": "{{address}}", "podIPs": [ { "ip": "{{address}}" } ] } }
            """));

    private static void Send(AgentBench bench, ushort from, ushort to) => bench.Node.Pods[0].Send(
        Packet.Opening(Protocol.Tcp, Frontend, from, Web, to, from));

    private static async Task<JsonArray> EventsAsync(AgentBench bench)
    {
        var list = await bench.Client.SendAsync(
            HttpMethod.Get, KubeResource.Events.Collection("dev-team"), null, default);
        var found = list["items"]!.AsArray();
        if (found.Count == 0)
        {
            await Task.Delay(200);
            return await EventsAsync(bench);
        }

        return found;
    }

    private static async Task<List<JsonObject>> AskAsync(string path, string request)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        using var socket = new Socket(
            System.Net.Sockets.AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), limit.Token);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request), limit.Token);
        var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer, limit.Token);
        }
        catch (IOException)
        {
            // It hung up on nonsense that it had not read to its end.
        }

        return [.. Encoding.UTF8.GetString(answer.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => (JsonObject)JsonNode.Parse(line)!)];
    }

    private static Task UntilAsync(Func<bool> holds, string what) =>
        UntilAsync(() => Task.FromResult(holds()), found => found, what);

    private static async Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> holds, string what = "it")
    {
        for (var i = 0; ; i++)
        {
            var now = await read();
            if (holds(now))
                return now;
            Assert.True(i < 200, $"{what} did not come about");
            await Task.Delay(100);
        }
    }

    private static JsonObject Parse(string json) => (JsonObject)JsonNode.Parse(json)!;
}
