using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>Many writers at once, watched: nothing lost, nothing twice, everything in one order.</summary>
public sealed class ConcurrencyTests(RunningServer running)
{
    private const int Writers = 6;
    private const int Rounds = 40;
    private readonly ObjectStore _store = running.Server.Store;

    [Fact]
    public async Task What_a_watch_tells_adds_up_to_what_a_list_shows()
    {
        var ns = running.NewNamespace("race");
        using var watch = await running.Client.Watch(
            $"/api/v1/namespaces/{ns}/pods?watch=true&sendInitialEvents=true" +
            "&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
        Assert.Equal("BOOKMARK", (await watch.Next())!.Type);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => Write(ns, writer))));
        _store.Create(Manifests.Pod(ns, "zz-last"));

        var told = new Dictionary<string, string>();
        var last = 0L;
        var lastName = "";
        while (lastName != "zz-last")
        {
            var line = (await watch.Next())!;
            var version = long.Parse((string)line.Object["metadata"]!["resourceVersion"]!);
            Assert.True(version > last, $"{version} came after {last}");
            last = version;
            lastName = line.Name;
            Assert.Equal(line.Type != "ADDED", told.ContainsKey(line.Name));
            if (line.Type == "DELETED")
                told.Remove(line.Name);
            else
                told[line.Name] = line.Object.ToJsonString();
        }

        var listed = _store.List("pods", ns)
            .ToDictionary(pod => (string)pod["metadata"]!["name"]!, pod => pod.ToJsonString());
        Assert.Equal(listed.OrderBy(pair => pair.Key), told.OrderBy(pair => pair.Key));
    }

    [Fact]
    public async Task Conditional_updates_lose_no_count()
    {
        var ns = running.NewNamespace("count");
        _store.Create(Manifests.Policy(ns, "counter"));
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < Rounds; i++)
                Count(ns);
        })));
        var counted = _store.Get("networkpolicies.networking.k8s.io", ns, "counter")!;
        Assert.Equal($"{Writers * Rounds}", (string)counted["metadata"]!["annotations"]!["n"]!);
    }

    private void Write(string ns, int writer)
    {
        for (var i = 0; i < Rounds; i++)
        {
            var name = $"p{writer}-{i % 7}";
            if (_store.Get("pods", ns, name) is null)
                _store.Create(Manifests.Pod(ns, name));
            else if (i % 3 == 0)
                _store.Delete("pods", ns, name);
            else
                _store.Patch("pods", ns, name, Label(i));
        }
    }

    private static JsonObject Label(int i) => new()
    {
        ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["i"] = $"{i}" } },
    };

    private void Count(string ns)
    {
        while (true)
        {
            var tree = _store.Get("networkpolicies.networking.k8s.io", ns, "counter")!;
            var n = int.Parse((string?)tree["metadata"]!["annotations"]?["n"] ?? "0");
            tree["metadata"]!["annotations"] = new JsonObject { ["n"] = $"{n + 1}" };
            try
            {
                _store.Update(tree);
                return;
            }
            catch (StatusException e) when (e.Reason == "Conflict")
            {
                // Somebody else counted first.
            }
        }
    }
}
