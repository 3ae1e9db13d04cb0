using System.Text.Json.Nodes;
using Palisade.Kubernetes.Client;
using Palisade.Kubernetes.Wire;
using static Palisade.Dataplane.Tests.Client.ScriptedServer;

namespace Palisade.Dataplane.Tests.Client;

/// <summary>What a server, or a proxy in front of it, may answer without ending the agent or wearing it out.</summary>
public sealed class BadMomentTests
{
    private static readonly ReflectorOptions Patient = new()
    {
        FirstPause = TimeSpan.FromMilliseconds(100),
        LongestPause = TimeSpan.FromMilliseconds(200),
    };

    /// <summary>Half of a surrogate pair, and bytes that are no UTF-8: JSON by its grammar, text by no rule.</summary>
    [Theory]
    [InlineData("\\ud800")]
    [InlineData("\\udc00\\ud800")]
    public async Task Text_that_is_none_is_one_bad_answer_and_not_the_end(string name)
    {
        var answers = 0;
        await FollowAsync(
            async stream =>
            {
                await SendAsync(stream, Interlocked.Increment(ref answers) == 1 ? Event("ADDED", name) : Initial);
            },
            Patient,
            async (reflector, _, running) =>
            {
                await UntilAsync(() => reflector.Store.HasSynced || running.IsCompleted);
                Assert.False(running.IsCompleted, running.Exception?.Message);
            });
    }

    [Fact]
    public async Task A_server_that_ends_every_first_watch_at_once_is_not_asked_in_a_tight_loop()
    {
        await FollowAsync(
            stream => SendAsync(stream, Event("ADDED", "a")),
            Patient,
            async (reflector, server, _) =>
            {
                await UntilAsync(() => server.Requests.Count >= 2);
                await Task.Delay(1000);
                Assert.InRange(server.Requests.Count, 2, 25);
                Assert.False(reflector.Store.HasSynced, "half of the objects are not all");
            });
    }

    /// <summary>
    /// A server's cache may lag behind what was seen before: a policy must not go back to an older one.
    /// </summary>
    [Fact]
    public async Task What_was_known_once_is_not_read_again_from_a_cache()
    {
        var lists = 0;
        using var server = new ScriptedServer(async (target, stream, cancel) =>
        {
            await HeadAsync(stream);
            if (target.Contains("watch=true", StringComparison.Ordinal))
            {
                await SendAsync(stream, """{"type":"ERROR","object":{"kind":"Status","code":410}}""" + "\n");
                return;
            }

            await SendAsync(stream, """{"metadata":{"resourceVersion":"5"},"items":[]}""");
            if (Interlocked.Increment(ref lists) > 2)
                await Task.Delay(-1, cancel);
        });
        await RunAsync(server, Patient with { WatchList = false }, async (_, _, _) =>
        {
            await UntilAsync(() => Volatile.Read(ref lists) > 1);
            var asked = server.Requests.Where(r => !r.Contains("watch=true", StringComparison.Ordinal)).ToList();
            Assert.Contains("resourceVersion=0", asked[0]);
            Assert.All(asked.Skip(1), target => Assert.DoesNotContain("resourceVersion", target));
        });
    }

    [Fact]
    public async Task An_answer_that_is_no_JSON_fails_as_the_network_does()
    {
        using var server = new ScriptedServer(async (_, stream, _) =>
        {
            await HeadAsync(stream);
            await SendAsync(stream, "<html>maintenance</html>");
        });
        using var client = Client(server);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.PatchAsync(
            KubeResource.Nodes, null, "n1", PatchKind.Merge, new JsonObject(), TestContext.Current.CancellationToken));
    }

    private const string Marked = """{"resourceVersion":"7","annotations":{"k8s.io/initial-events-end":"true"}}""";

    private const string Initial = "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":" + Marked + "}}\n";

    private static string Event(string type, string name) =>
        "{\"type\":\"" + type + "\",\"object\":{\"metadata\":{\"name\":\"" + name + "\",\"resourceVersion\":\"3\"}}}\n";

    private static async Task FollowAsync(
        Func<Stream, Task> answer, ReflectorOptions options,
        Func<Reflector<WireObject>, ScriptedServer, Task, Task> test)
    {
        using var server = new ScriptedServer(async (_, stream, _) =>
        {
            await HeadAsync(stream);
            await answer(stream);
        });
        await RunAsync(server, options, test);
    }

    private static async Task RunAsync(
        ScriptedServer server, ReflectorOptions options, Func<Reflector<WireObject>, ScriptedServer, Task, Task> test)
    {
        using var client = Client(server);
        using var changed = new ChangeSignal();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var reflector = new Reflector<WireObject>(
            client, KubeResource.Pods, item => item, changed, TimeProvider.System, options);
        var running = reflector.RunAsync(stop.Token);
        await test(reflector, server, running);
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static KubeClient Client(ScriptedServer server)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, server.Kubeconfig);
            return KubeClient.FromKubeconfig(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 500 && !condition(); i++)
            await Task.Delay(20);
        Assert.True(condition(), "it did not come to that in 10 s");
    }
}
