using System.Globalization;
using Palisade.Nftables.Kernel;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>
/// Connections that run in pods of `up` while kubectl changes policies: bash in a pod asks web over one TCP connection
/// and from one UDP socket, and writes down every answer.
/// </summary>
public sealed class RunningConnectionTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>So long nothing must come before it counts as stopped.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    private const string Web = """
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec:
          containers:
          - { name: c, image: i, ports: [ { containerPort: 80 }, { containerPort: 9053, protocol: UDP } ] }
        """;

    private const string OnlyFriends = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: friends, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          ingress: [ { from: [ { podSelector: { matchLabels: { kind: friend } } } ] } ]
        """;

    [Fact]
    public async Task What_kubectl_denies_stops_and_what_stays_allowed_loses_nothing_over_agents_too()
    {
        Needs.Cluster();
        if (!File.Exists("/bin/bash"))
            Assert.Skip("no /bin/bash, whose /dev/tcp and /dev/udp are used here");
        await using var up = await UpProcess.StartAsync(UpProcess.NewData());
        await up.ApplyAsync(Web);
        await up.KubectlAsync("wait", "--for=condition=Ready", "pod", "web", "-n", "shop", "--timeout=60s");
        var address = await up.KubectlAsync("get", "pod", "web", "-n", "shop", "-o", "jsonpath={.status.podIP}");
        Talk[] talks = [.. from kind in (string[])["friend", "other"] from protocol in (string[])["tcp", "udp"]
                           select new Talk(up, kind, protocol)];
        foreach (var talk in talks)
            await talk.BeginAsync(address.Trim());
        foreach (var talk in talks)
            await talk.GoesAsync();

        await DenyAsync(up, talks, "while agents run");
        await up.KubectlAsync("delete", "netpol", "friends", "-n", "shop");
        foreach (var talk in talks)
            await talk.GoesAsync();

        // An agent that is killed, and a policy that comes before the next: the connections are older than it.
        ProcessControl.Signal(LifecycleTests.Agents(up).Single(), ProcessControl.KillSignal);
        await DenyAsync(up, talks, "before the next agent");
        foreach (var talk in talks)
            output.WriteLine($"{talk.Name}: {talk.Answers} answers, {talk.Missed} missed");
        Assert.All(talks.Where(talk => talk.IsFriend), talk => Assert.Equal(0, talk.Missed));
    }

    private async Task DenyAsync(UpProcess up, Talk[] talks, string when)
    {
        await up.ApplyAsync(OnlyFriends);
        var acknowledged = DateTimeOffset.UtcNow;
        foreach (var talk in talks.Where(talk => !talk.IsFriend))
        {
            var last = await talk.StopsAsync();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{talk.Name}, {when}: last answer {(last - acknowledged).TotalMilliseconds:F0} ms after kubectl"));
        }

        foreach (var talk in talks.Where(talk => talk.IsFriend))
            await talk.GoesAsync();
    }

    /// <summary>One pod whose bash talks to web, and what it wrote: "ok TIME" or "miss TIME", a line each.</summary>
    private sealed class Talk(UpProcess up, string kind, string protocol)
    {
        public string Name => $"{kind}-{protocol}";

        public bool IsFriend => kind == "friend";

        public int Answers => Lines().Count(line => line.StartsWith("ok ", StringComparison.Ordinal));

        public int Missed => Lines().Length - Answers;

        private string Logs => Path.Combine(up.Data, "log", "pods", "shop", Name);

        /// <summary>TCP waits for each answer as long as it takes; UDP for five seconds, and goes on.</summary>
        public Task BeginAsync(string address)
        {
            var talk = protocol == "tcp"
                ? $"exec 3<>/dev/tcp/{address}/80; while printf 'GET / HTTP/1.1\\r\\nHost: w\\r\\n\\r\\n' >&3; do "
                    + "while read -r line <&3 || exit 1; do [ \"$line\" = web ] && break; done; "
                    + "echo ok $EPOCHREALTIME; sleep 0.05; done"
                : $"exec 3<>/dev/udp/{address}/9053; while :; do echo ping >&3; "
                    + "if read -r -t 5 -N 1 line <&3; then echo ok $EPOCHREALTIME; else echo miss $EPOCHREALTIME; fi; "
                    + "sleep 0.05; done";
            return up.KubectlAsync(
                "run", Name, "-n", "shop", "--image=bash", "--restart=Never", $"--labels=kind={kind}",
                "--command", "--", "/bin/bash", "-c", talk);
        }

        public async Task GoesAsync()
        {
            var (before, began) = (Answers, TimeProvider.System.GetTimestamp());
            while (Answers <= before + 2)
            {
                Assert.True(
                    TimeProvider.System.GetElapsedTime(began) < Patience,
                    $"{Name} stands still: {string.Join(" | ", Lines().TakeLast(3))}");
                await Task.Delay(20);
            }
        }

        /// <summary>The time of the last answer, once there has been none for a while.</summary>
        public async Task<DateTimeOffset> StopsAsync()
        {
            var (count, began) = (Answers, TimeProvider.System.GetTimestamp());
            var since = began;
            while (TimeProvider.System.GetElapsedTime(since) < Silence)
            {
                Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"{Name} goes on");
                await Task.Delay(20);
                if (Answers is var now && now != count)
                    (count, since) = (now, TimeProvider.System.GetTimestamp());
            }

            var last = Lines().Last(line => line.StartsWith("ok ", StringComparison.Ordinal)).Split(' ')[1];
            return DateTimeOffset.UnixEpoch.AddSeconds(double.Parse(last, CultureInfo.InvariantCulture));
        }

        /// <summary>What it printed; each line of a log begins with a time, a stream and whether it is whole.</summary>
        private string[] Lines() => Directory.Exists(Logs)
            ?
            [
                .. Directory.EnumerateFiles(Logs, "*.log", SearchOption.AllDirectories)
                    .SelectMany(file => File.ReadAllText(file).Split('\n'))
                    .Select(line => line.Split(" stdout F ")).Where(parts => parts.Length == 2)
                    .Select(parts => parts[1]),
            ]
            : [];
    }
}
