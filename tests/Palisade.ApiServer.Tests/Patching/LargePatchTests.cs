using System.Text;
using Xunit;

namespace Palisade.ApiServer.Tests.Patching;

/// <summary>
/// Bodies at their limit, of a hundred thousand small things: what compares each with each takes longer than the
/// client waits (100 s).
/// </summary>
public sealed class LargePatchTests(RunningServer running)
{
    private const int Many = 100_000;
    private readonly Client _client = running.Client;

    [Theory]
    [InlineData("finalizers", "\"a.b/{0}\"")]
    [InlineData("ownerReferences", "{{\"uid\":\"{0}\"}}")]
    public async Task Items_are_merged_by_their_keys(string list, string item)
    {
        var path = await Made($"merged-{list.ToLowerInvariant()}");
        var count = list == "finalizers" ? Many : Many / 2;
        var items = string.Join(',', Enumerable.Range(0, count).Select(i => string.Format(item, i)));
        var patch = $"{{\"metadata\":{{\"{list}\":[{items}]}}}}";
        var answer = await _client.Send(
            "PATCH", path + "?dryRun=All", Encoding.UTF8.GetBytes(patch), "application/strategic-merge-patch+json");
        Assert.True((int)answer.Code is 200 or 413 or 422, answer.Text[..Math.Min(300, answer.Text.Length)]);
    }

    [Theory]
    [InlineData("merge-patch", false)]
    [InlineData("strategic-merge-patch", false)]
    [InlineData("strategic-merge-patch", true)]
    public async Task Many_members_go_at_once(string type, bool isRetained)
    {
        const int Members = 60_000;
        var path = await Made($"emptied-{type}-{isRetained}".ToLowerInvariant(), Members);
        var members = isRetained
            ? "\"$retainKeys\":[\"0\"],\"0\":\"\""
            : string.Join(',', Enumerable.Range(1, Members - 1).Select(i => $"\"{i}\":null"));
        var answer = await _client.Send(
            "PATCH", path, Encoding.UTF8.GetBytes($"{{\"data\":{{{members}}}}}"), $"application/{type}+json");
        Assert.True((int)answer.Code == 200, answer.Text[..Math.Min(300, answer.Text.Length)]);
        Assert.Equal("""{"0":""}""", answer.Json["data"]!.ToJsonString());
    }

    [Fact]
    public async Task A_list_is_moved_not_copied()
    {
        var path = await Made("moved");
        var items = string.Join(',', Enumerable.Range(0, Many).Select(i => $"\"a.b/{i}\""));
        var moves = string.Concat(Enumerable.Repeat(
            """,{"op":"move","from":"/metadata/a","path":"/metadata/b"},{"op":"move","from":"/metadata/b","path":"/metadata/a"}""",
            4_900));
        var patch = $"[{{\"op\":\"add\",\"path\":\"/metadata/a\",\"value\":[{items}]}}{moves}]";
        var answer = await _client.Send("PATCH", path, Encoding.UTF8.GetBytes(patch), "application/json-patch+json");
        Assert.Equal(200, (int)answer.Code);
        Assert.Equal(["299 - \"unknown field \\\"metadata.a\\\"\""], answer.Warnings);
    }

    private async Task<string> Made(string name, int members = 0)
    {
        var maps = $"/api/v1/namespaces/{running.NewNamespace(name)}/configmaps";
        var data = string.Join(',', Enumerable.Range(0, members).Select(i => $"\"{i}\":\"\""));
        var made = await _client.Post(maps, $"{{\"metadata\":{{\"name\":\"a\"}},\"data\":{{{data}}}}}");
        Assert.True((int)made.Code == 201, made.Text);
        return maps + "/a";
    }
}
