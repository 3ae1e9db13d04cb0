using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>Watches over HTTP: where they begin, what they tell, how they end.</summary>
public sealed class WatchTests(RunningServer running)
{
    private readonly Client _client = running.Client;
    private readonly ObjectStore _store = running.Server.Store;

    [Fact]
    public async Task From_a_version_only_later_changes_come()
    {
        var ns = running.NewNamespace("watch-version");
        var first = _store.Create(Manifests.Pod(ns, "a"));
        using var watch = await Watch(ns, $"resourceVersion={(string)first["metadata"]!["resourceVersion"]!}");
        var second = _store.Create(Manifests.Pod(ns, "b"));
        _store.Delete("pods", ns, "a");
        Assert.Equal("ADDED b", (await watch.Next())!.ToString());
        var deleted = (await watch.Next())!;
        Assert.Equal("DELETED a", deleted.ToString());
        Assert.True(Version(deleted.Object) > Version(second));
    }

    [Fact]
    public async Task Without_a_version_the_current_state_comes_first()
    {
        var ns = running.NewNamespace("watch-state");
        _store.Create(Manifests.Pod(ns, "a"));
        using var watch = await Watch(ns, "resourceVersion=0");
        Assert.Equal("ADDED a", (await watch.Next())!.ToString());
        _store.Patch("pods", ns, "a", Manifests.ReadyStatus(), status: true);
        Assert.Equal("MODIFIED a", (await watch.Next())!.ToString());
    }

    [Fact]
    public async Task Watch_list_ends_its_beginning_with_a_bookmark()
    {
        var ns = running.NewNamespace("watch-list");
        _store.Create(Manifests.Pod(ns, "a"));
        using var watch = await Watch(
            ns, "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
        Assert.Equal("ADDED a", (await watch.Next())!.ToString());
        var bookmark = (await watch.Next())!;
        Assert.Equal("BOOKMARK", bookmark.Type);
        Assert.Equal("Pod", (string)bookmark.Object["kind"]!);
        Assert.Equal("true", (string)bookmark.Object["metadata"]!["annotations"]!["k8s.io/initial-events-end"]!);
        _store.Create(Manifests.Pod(ns, "b"));
        Assert.Equal("ADDED b", (await watch.Next())!.ToString());
    }

    [Fact]
    public async Task Selectors_turn_changes_into_arrivals_and_departures()
    {
        var ns = running.NewNamespace("watch-select");
        _store.Create(Manifests.Pod(ns, "a", ("on", "no")));
        using var watch = await Watch(ns, "labelSelector=on%3Dyes");
        Label(ns, "yes");
        Assert.Equal("ADDED a", (await watch.Next())!.ToString());
        Label(ns, "no");
        var left = (await watch.Next())!;
        Assert.Equal("DELETED a", left.ToString());
        Assert.Equal("yes", (string)left.Object["metadata"]!["labels"]!["on"]!);
        using var named = await Watch(ns, "fieldSelector=metadata.name%3Db&resourceVersion=0");
        _store.Create(Manifests.Pod(ns, "c"));
        _store.Create(Manifests.Pod(ns, "b"));
        Assert.Equal("ADDED b", (await named.Next())!.ToString());
    }

    [Fact]
    public async Task Tables_come_row_by_row()
    {
        var ns = running.NewNamespace("watch-table");
        _store.Create(Manifests.Pod(ns, "a"));
        _store.Create(Manifests.Pod(ns, "b"));
        using var watch = await _client.Watch(
            $"/api/v1/namespaces/{ns}/pods?watch=true", "application/json;as=Table;v=v1;g=meta.k8s.io");
        var first = (await watch.Next())!.Object;
        Assert.Equal(9, first["columnDefinitions"]!.AsArray().Count);
        Assert.Equal("a", (string)first["rows"]![0]!["cells"]![0]!);
        Assert.Null((await watch.Next())!.Object["columnDefinitions"]);
    }

    [Fact]
    public async Task It_ends_cleanly_after_its_timeout_with_a_bookmark()
    {
        var ns = running.NewNamespace("watch-timeout");
        using var watch = await Watch(ns, "timeoutSeconds=1&allowWatchBookmarks=true");
        Assert.Equal("BOOKMARK", (await watch.Next())!.Type);
        Assert.Null(await watch.Next());
    }

    [Fact]
    public async Task A_version_that_is_forgotten_is_expired()
    {
        using var watch = await _client.Watch("/api/v1/pods?watch=true&resourceVersion=1");
        // Version 1 is before anything: only a server whose log still begins there could serve it.
        var next = (await watch.Next())!;
        Assert.True(next.Type is "ADDED" or "ERROR");
        var future = await _client.Get("/api/v1/pods?watch=true&resourceVersion=99999999");
        Assert.Equal(504, (int)future.Code);
        Assert.Equal("ResourceVersionTooLarge", (string)future.Json["details"]!["causes"]![0]!["reason"]!);
    }

    [Fact]
    public async Task In_process_watches_tell_the_same()
    {
        var ns = running.NewNamespace("watch-process");
        _store.Create(Manifests.Policy(ns, "a"));
        using var cancel = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var told = new List<string>();
        await foreach (var change in _store.WatchAsync("networkpolicies.networking.k8s.io", cancel.Token))
        {
            if (change.Type == ObjectEventType.InitialEventsEnd)
            {
                told.Add("end");
                _store.Create(Manifests.Policy(ns, "b"));
                _store.Delete("networkpolicies.networking.k8s.io", ns, "a");
            }
            else if ((string)change.Object["metadata"]!["namespace"]! == ns)
            {
                told.Add($"{change.Type} {(string)change.Object["metadata"]!["name"]!}");
            }

            if (told is [.., "Deleted a"])
                break;
        }

        Assert.Equal(["Added a", "end", "Added b", "Deleted a"], told);
    }

    private Task<WatchReader> Watch(string ns, string query) =>
        _client.Watch($"/api/v1/namespaces/{ns}/pods?watch=true&{query}");

    private void Label(string ns, string value) => _store.Patch("pods", ns, "a", new JsonObject
    {
        ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["on"] = value } },
    });

    private static long Version(JsonObject tree) => long.Parse((string)tree["metadata"]!["resourceVersion"]!);
}
