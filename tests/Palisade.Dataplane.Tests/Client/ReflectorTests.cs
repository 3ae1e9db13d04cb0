using Palisade.Kubernetes.Client;
using Palisade.Kubernetes.Wire;
using static Palisade.Dataplane.Tests.Client.ScriptedServer;

namespace Palisade.Dataplane.Tests.Client;

/// <summary>Following a resource through everything that goes wrong with servers and connections.</summary>
public sealed class ReflectorTests
{
    private static readonly ReflectorOptions Quick = new()
    {
        FirstPause = TimeSpan.FromMilliseconds(5),
        LongestPause = TimeSpan.FromMilliseconds(20),
        InitialSilence = TimeSpan.FromMilliseconds(200),
    };

    [Fact]
    public async Task A_watch_list_is_complete_at_its_marked_bookmark_and_goes_on_live()
    {
        await FollowAsync(
            async (target, stream, cancel) =>
            {
                await HeadAsync(stream);
                await SendAsync(stream, Event("ADDED", "a", 1) + Event("ADDED", "b", 2));
                await SendAsync(stream, """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7","annotations":{"k8s.io/initial-events-end":"true"}}}}""" + "\n");
                await SendAsync(stream, Event("DELETED", "a", 8) + Event("MODIFIED", "c", 9));
                await Task.Delay(-1, cancel);
            },
            // A server that a busy machine keeps waiting has not ignored what it was asked.
            Quick with { InitialSilence = TimeSpan.FromSeconds(30) },
            async (reflector, server) =>
            {
                await Until(() => reflector.Store.ResourceVersion == 9);
                Assert.True(reflector.Store.HasSynced);
                Assert.Equal("b c", Names(reflector));
                Assert.Contains("sendInitialEvents=true", Assert.Single(server.Requests));
            });
    }

    /// <summary>
    /// What a server without WatchList says (422), and what one says that ignores the request: nothing.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_without_watch_lists_is_listed_in_pages_and_watched(bool refuses)
    {
        await FollowAsync(
            async (target, stream, cancel) =>
            {
                if (target.Contains("sendInitialEvents", StringComparison.Ordinal))
                {
                    await HeadAsync(stream, refuses ? "422 Unprocessable Entity" : "200 OK");
                    await SendAsync(stream, refuses ? Status(422, "Invalid") : Event("ADDED", "a", 1));
                    if (!refuses)
                        await Task.Delay(-1, cancel);
                    return;
                }

                await HeadAsync(stream);
                if (target.Contains("continue=page2", StringComparison.Ordinal))
                    await SendAsync(stream, """{"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"b"}}]}""");
                else if (target.Contains("limit=500", StringComparison.Ordinal))
                    await SendAsync(stream, """{"metadata":{"resourceVersion":"5","continue":"page2"},"items":[{"metadata":{"name":"a"}}]}""");
                else if (target.Contains("watch=true", StringComparison.Ordinal))
                    await SendAsync(stream, Event("ADDED", "c", 6));
                await Task.Delay(target.Contains("watch", StringComparison.Ordinal) ? -1 : 0, cancel);
            },
            Quick,
            async (reflector, server) =>
            {
                await Until(() => reflector.Store.ResourceVersion == 6);
                Assert.Equal("a b c", Names(reflector));
                Assert.Contains("resourceVersion=5", server.Requests.Last());
            });
    }

    /// <summary>Everything is replaced in one step: what went away while the version was too old is gone.</summary>
    [Fact]
    public async Task An_expired_version_lists_again()
    {
        var lists = 0;
        await FollowAsync(
            async (target, stream, cancel) =>
            {
                await HeadAsync(stream);
                if (!target.Contains("watch=true", StringComparison.Ordinal))
                {
                    var (name, version) = lists++ == 0 ? ("old", 5) : ("new", 50);
                    await SendAsync(stream, $$"""{"metadata":{"resourceVersion":"{{version}}"},"items":[{"metadata":{"name":"{{name}}"} }]}""");
                    return;
                }

                if (target.Contains("resourceVersion=5&", StringComparison.Ordinal))
                    await SendAsync(stream, $$"""{"type":"ERROR","object":{{Status(410, "Expired")}} }""" + "\n");
                else
                    await Task.Delay(-1, cancel);
            },
            Quick with { WatchList = false },
            async (reflector, _) =>
            {
                await Until(() => reflector.Store.ResourceVersion == 50);
                Assert.Equal("new", Names(reflector));
                Assert.Equal(2, lists);
            });
    }

    /// <summary>
    /// Each asks for pauses: to begin with, or after each list that the watch then finds too old.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_always_says_expired_is_not_asked_in_a_tight_loop(bool lists)
    {
        await FollowAsync(
            async (target, stream, cancel) =>
            {
                if (lists && !target.Contains("watch=true", StringComparison.Ordinal))
                {
                    await HeadAsync(stream);
                    await SendAsync(stream, """{"metadata":{"resourceVersion":"5"},"items":[]}""");
                    return;
                }

                await HeadAsync(stream, "410 Gone");
                await SendAsync(stream, Status(410, "Expired"));
            },
            // What is again is said by the longest pause: a busy machine must not make it the first time.
            Quick with { WatchList = false, LongestPause = TimeSpan.FromMinutes(1) },
            async (reflector, server) =>
            {
                await Until(() => reflector.Failures >= 5);
                // At most the first time without a pause, and the one under way.
                Assert.InRange(server.Requests.Count, 5, (lists ? 2 : 1) * ((int)reflector.Failures + 3));
            });
    }

    /// <summary>
    /// Cut in the middle of an event, garbage, errors: the last state stays, and the watch goes on where it was.
    /// </summary>
    [Fact]
    public async Task Whatever_breaks_the_last_state_stays_and_the_watch_goes_on_where_it_was()
    {
        var watches = 0;
        await FollowAsync(
            async (target, stream, cancel) =>
            {
                if (!target.Contains("watch=true", StringComparison.Ordinal))
                {
                    await HeadAsync(stream);
                    await SendAsync(stream, """{"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"a"}}]}""");
                    return;
                }

                switch (watches++)
                {
                    case 0:
                        await HeadAsync(stream);
                        await SendAsync(stream, Event("ADDED", "b", 6) + Event("DELETED", "a", 7)[..20]);
                        break;
                    case 1:
                        await HeadAsync(stream);
                        await SendAsync(stream, "<html>not JSON</html>\n");
                        break;
                    case 2:
                        await HeadAsync(stream, "500 Internal Server Error");
                        await SendAsync(stream, Status(500, "InternalError"));
                        break;
                    case 3:
                        break;   // closed without an answer
                    default:
                        await HeadAsync(stream);
                        await SendAsync(stream, Event("ADDED", "c", 8));
                        await Task.Delay(-1, cancel);
                        break;
                }
            },
            Quick with { WatchList = false },
            async (reflector, server) =>
            {
                await Until(() => reflector.Store.ResourceVersion == 8);
                Assert.Equal("a b c", Names(reflector));
                var lists = server.Requests.Count(target => !target.Contains("watch", StringComparison.Ordinal));
                Assert.Equal(1, lists);
                Assert.Contains("resourceVersion=6&", server.Requests.Last());
            });
    }

    [Fact]
    public async Task Equal_text_of_many_objects_is_one_string_and_other_text_is_never_mixed_up()
    {
        var many = Enumerable.Range(0, 9000).Select(i => $"n-{i}").ToArray();
        await FollowAsync(
            async (target, stream, cancel) =>
            {
                await HeadAsync(stream);
                var items = string.Join(',', many.Select(name =>
                    $$$"""{"metadata":{"name":"{{{name}}}","labels":{"a\u0062":"\u00e9","team":"é-{{{name.Length}}}"}} }"""));
                await SendAsync(stream, $$$"""{"metadata":{"resourceVersion":"5"},"items":[{{{items}}}]}""");
                await Task.Delay(target.Contains("watch", StringComparison.Ordinal) ? -1 : 0, cancel);
            },
            Quick with { WatchList = false },
            async (reflector, _) =>
            {
                await Until(() => reflector.Store.HasSynced);
                Assert.Equal(many.Order(StringComparer.Ordinal), Names(reflector).Split(' '));
                var labels = reflector.Store.Read().Objects
                    .Select(item => (WireObject)((WireObject)item["metadata"]!)["labels"]!).ToList();
                Assert.All(labels, each => Assert.Equal("é", ((WireString)each["ab"]!).Value));
                var teams = labels.Select(each => ((WireString)each["team"]!).Value).ToList();
                Assert.Equal(["é-3", "é-4", "é-5", "é-6"], teams.Distinct().Order(StringComparer.Ordinal));
                Assert.InRange(teams.Distinct(ReferenceEqualityComparer.Instance).Count(), 4, many.Length / 10);
            });
    }

    [Theory]
    [InlineData("no such file", "kubeconfig")]
    [InlineData("{", "kubeconfig")]
    [InlineData("apiVersion: v1\nkind: Config\n", "kubeconfig")]
    public void A_bad_kubeconfig_says_so(string text, string expected)
    {
        var path = Path.GetTempFileName();
        if (text == "no such file")
            File.Delete(path);
        else
            File.WriteAllText(path, text);
        var error = Assert.Throws<InvalidDataException>(() => KubeClient.FromKubeconfig(path));
        Assert.Contains(expected, error.Message);
        File.Delete(path);
    }

    private static readonly ReflectorOptions Optional = Quick with
    {
        MayBeAbsent = true,
        AbsentPause = TimeSpan.FromMilliseconds(20),
    };

    /// <summary>Definitions may be watched: nobody waits until the next look, which is half an hour away.</summary>
    [Fact]
    public async Task A_resource_is_found_as_soon_as_its_definition_is_established()
    {
        var established = new TaskCompletionSource();
        var (served, absences) = (false, 0);
        await FollowAsync(
            async (target, stream, cancel) =>
            {
                if (target.StartsWith("/apis/apiextensions.k8s.io/v1/customresourcedefinitions?watch=true"
                    + "&fieldSelector=metadata.name%3Dclusternetworkpolicies.policy.networking.k8s.io"))
                {
                    await HeadAsync(stream);
                    await SendAsync(stream, Definition("ADDED", "False"));
                    await established.Task.WaitAsync(cancel);
                    served = true;
                    await SendAsync(stream, Definition("MODIFIED", "True"));
                    await Task.Delay(Timeout.Infinite, cancel);
                }
                else if (target == "/apis")
                {
                    await HeadAsync(stream);
                    await SendAsync(stream, Groups(served ? "v1alpha2" : "v1alpha1"));
                }
                else if (!served)
                {
                    await HeadAsync(stream, "404 No");
                    await SendAsync(stream, "404 page not found");
                }
                else
                {
                    await HeadAsync(stream);
                    await SendAsync(stream, Event("ADDED", "a", 1));
                    await SendAsync(stream, """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7","annotations":{"k8s.io/initial-events-end":"true"}}}}""" + "\n");
                    await Task.Delay(Timeout.Infinite, cancel);
                }
            },
            Optional with { AbsentPause = TimeSpan.FromMinutes(30) },
            async (reflector, _) =>
            {
                await Until(() => absences == 1);
                established.SetResult();
                await Until(() => Names(reflector) == "a");
            },
            KubeResource.ClusterNetworkPolicies,
            () => absences++);

        static string Definition(string type, string established) => Line($$"""
            {"type":"{{type}}","object":{
              "spec":{"versions":[{"name":"v1alpha1","served":true},{"name":"v1alpha2","served":true}]},
              "status":{"conditions":[{"type":"Established","status":"{{established}}"}] } } }
            """);

        static string Line(string json) => json.ReplaceLineEndings("") + "\n";
    }

    /// <summary>
    /// A cluster without a CustomResourceDefinition answers 404, or 403 to those it never heard of; then the definition
    /// comes, and goes again.
    /// </summary>
    [Theory]
    [InlineData(404)]
    [InlineData(403)]
    public async Task A_resource_that_is_not_served_is_empty_until_it_is(int refusal)
    {
        var served = false;
        var absences = 0;
        await FollowAsync(
            async (target, stream, cancel) =>
            {
                if (target == "/apis")
                {
                    await HeadAsync(stream);
                    await SendAsync(stream, Groups(served ? "v1alpha2" : "v1alpha1"));
                }
                else if (!served)
                {
                    await HeadAsync(stream, $"{refusal} No");
                    await SendAsync(stream, refusal == 404 ? "404 page not found" : Status(403, "Forbidden"));
                }
                else
                {
                    await HeadAsync(stream);
                    await SendAsync(stream, Event("ADDED", "a", 1));
                    await SendAsync(stream, """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7","annotations":{"k8s.io/initial-events-end":"true"}}}}""" + "\n");
                    while (served)
                        await Task.Delay(5, cancel);
                }
            },
            Optional,
            async (reflector, server) =>
            {
                await Until(() => reflector.Store.HasSynced);
                Assert.Equal("", Names(reflector));
                await Until(() => server.Requests.Count(target => target == "/apis") > 3);
                Assert.Equal(1, absences);
                served = true;
                await Until(() => Names(reflector) == "a");
                served = false;
                await Until(() => Names(reflector).Length == 0);
                await Until(() => absences == 2);
            },
            KubeResource.ClusterNetworkPolicies,
            () => absences++);
    }

    /// <summary>A 404 of a proxy, or of a server that still names the resource, takes no wall down.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_resource_that_seems_gone_keeps_its_last_state(bool isNamed)
    {
        var broken = false;
        await FollowAsync(
            async (target, stream, cancel) =>
            {
                var isDiscovery = !target.Contains('?');
                if (broken && !(isNamed && isDiscovery))
                {
                    await HeadAsync(stream, "404 Not Found");
                    await SendAsync(stream, "<html>no such page</html>");
                    return;
                }

                await HeadAsync(stream);
                if (target == "/apis")
                    await SendAsync(stream, Groups("v1alpha2"));
                else if (target.EndsWith("/v1alpha2", StringComparison.Ordinal))
                    await SendAsync(stream, """{"resources":[{"name":"clusternetworkpolicies"}]}""");
                else if (!target.Contains("watch", StringComparison.Ordinal))
                    await SendAsync(stream, """{"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"a"}}]}""");
                while (!broken && target.Contains("watch", StringComparison.Ordinal))
                    await Task.Delay(5, cancel);
            },
            Optional with { WatchList = false },
            async (reflector, server) =>
            {
                await Until(() => Names(reflector) == "a");
                broken = true;
                var before = server.Requests.Count;
                await Until(() => server.Requests.Count > before + 20);
                Assert.Equal("a", Names(reflector));
                broken = false;
                var after = server.Requests.Count;
                await Until(() => server.Requests.Skip(after).Any(
                    target => target.Contains("watch", StringComparison.Ordinal)));
            },
            KubeResource.ClusterNetworkPolicies,
            () => Assert.Fail("it is not absent"));
    }

    private static string Groups(string version) => $$"""
        {"kind":"APIGroupList","groups":[{"name":"apps","versions":[{"groupVersion":"apps/v1"}]},
        {"name":"policy.networking.k8s.io","versions":[{"groupVersion":"policy.networking.k8s.io/{{version}}"}]}]}
        """;

    private static async Task FollowAsync(
        Func<string, System.Net.Sockets.NetworkStream, CancellationToken, Task> answer, ReflectorOptions options,
        Func<Reflector<WireObject>, ScriptedServer, Task> check, KubeResource? resource = null, Action? absent = null)
    {
        using var server = new ScriptedServer(answer);
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, server.Kubeconfig);
        using var client = KubeClient.FromKubeconfig(path);
        using var changed = new ChangeSignal();
        using var stop = new CancellationTokenSource();
        var failures = new List<string>();
        var reflector = new Reflector<WireObject>(
            client, resource ?? KubeResource.Nodes, item => item, changed, TimeProvider.System, options)
        {
            OnAbsent = absent,
            OnFailure = (e, _) => failures.Add(e.ToString()),
        };
        var running = reflector.RunAsync(stop.Token);
        await check(reflector, server);
        await stop.CancelAsync();
        await running;
        Assert.DoesNotContain(failures, text => text.Contains("secret-token", StringComparison.Ordinal));
        File.Delete(path);
    }

    private static async Task Until(Func<bool> holds)
    {
        for (var attempt = 0; !holds(); attempt++)
        {
            Assert.True(attempt < 1000, "it never came about");
            await Task.Delay(10);
        }
    }

    private static string Names(Reflector<WireObject> reflector) => string.Join(' ', reflector.Store.Read().Objects
        .Select(item => ((WireString)((WireObject)item["metadata"]!)["name"]!).Value).Order(StringComparer.Ordinal));

    private static string Event(string type, string name, int version) =>
        $$"""{"type":"{{type}}","object":{"metadata":{"name":"{{name}}","resourceVersion":"{{version}}"} } }""" + "\n";

    private static string Status(int code, string reason) =>
        $$"""{"kind":"Status","apiVersion":"v1","code":{{code}},"reason":"{{reason}}","message":"scripted"}""";
}
