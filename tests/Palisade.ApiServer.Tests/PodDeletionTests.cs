using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>Deletion of pods where somebody ends them on their nodes, as kubelets do.</summary>
public sealed class PodDeletionTests : IAsyncLifetime
{
    private const string Pods = "/api/v1/namespaces/default/pods";

    private readonly string _directory = Directory.CreateTempSubdirectory("palisade-api-").FullName;
    private EmbeddedApiServer _server = null!;
    private Client _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await EmbeddedApiServer.StartAsync(
            new ApiServerOptions { DataDirectory = _directory, EndsPodsGracefully = true });
        _client = new Client(_server);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_pod_that_runs_is_marked_and_stays_until_it_has_ended()
    {
        await CreateAsync("runs", "\"nodeName\":\"n1\",\"terminationGracePeriodSeconds\":7");
        var before = DateTimeOffset.UtcNow.AddSeconds(-1);
        var deleted = await _client.Send("DELETE", $"{Pods}/runs", null);
        Assert.Equal(HttpStatusCode.OK, deleted.Code);
        var meta = deleted.Json["metadata"]!;
        Assert.Equal(7, (int)meta["deletionGracePeriodSeconds"]!);
        // The time by which it has ended, to the second.
        Assert.InRange(
            DateTimeOffset.Parse((string)meta["deletionTimestamp"]!), before.AddSeconds(6),
            DateTimeOffset.UtcNow.AddSeconds(8));

        // What is written meanwhile ends it no sooner; a shorter period counts, a longer one does not.
        var labelled = await PatchAsync("runs", """{"metadata":{"labels":{"a":"b"}}}""");
        Assert.Equal(HttpStatusCode.OK, labelled.Code);
        Assert.Equal(7, await GraceAfterAsync("?gracePeriodSeconds=30"));
        Assert.Equal(2, await GraceAfterAsync("?gracePeriodSeconds=2"));
        Assert.True(_server.Store.DeleteNow("pods", "default", "runs"));
        Assert.Equal(HttpStatusCode.NotFound, (await _client.Get($"{Pods}/runs")).Code);

        async Task<int> GraceAfterAsync(string query)
        {
            var again = await _client.Send("DELETE", $"{Pods}/runs{query}", null);
            return (int)again.Json["metadata"]!["deletionGracePeriodSeconds"]!;
        }
    }

    [Theory]
    [InlineData("", "", "")]   // it runs nowhere yet
    [InlineData("\"nodeName\":\"n1\"", "Succeeded", "")]
    [InlineData("\"nodeName\":\"n1\"", "Running", "?gracePeriodSeconds=0")]
    public async Task What_has_nothing_to_end_is_gone_at_once(string spec, string phase, string query)
    {
        await CreateAsync("over", spec);
        if (phase.Length > 0)
            await PatchAsync("over/status", $$$"""{"status":{"phase":"{{{phase}}}"}}""");
        await _client.Send("DELETE", $"{Pods}/over{query}", null);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.Get($"{Pods}/over")).Code);
    }

    [Fact]
    public async Task Finalizers_hold_a_pod_that_has_ended()
    {
        await CreateAsync("held", "\"nodeName\":\"n1\"");
        await PatchAsync("held", """{"metadata":{"finalizers":["example.com/x"]}}""");
        await _client.Send("DELETE", $"{Pods}/held", null);
        _server.Store.DeleteNow("pods", "default", "held");
        Assert.Equal(0, (int)(await _client.Get($"{Pods}/held")).Json["metadata"]!["deletionGracePeriodSeconds"]!);
        await PatchAsync("held", """{"metadata":{"finalizers":null}}""");
        Assert.Equal(HttpStatusCode.NotFound, (await _client.Get($"{Pods}/held")).Code);
    }

    private async Task CreateAsync(string name, string spec)
    {
        var comma = spec.Length > 0 ? "," : "";
        var made = await _client.Post(
            Pods,
            $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{{{{spec}}}{{{comma}}}"containers":[{"name":"c","image":"i"}]}}""");
        Assert.True(made.Code == HttpStatusCode.Created, made.Text);
    }

    private Task<Answer> PatchAsync(string name, string patch) => _client.Send(
        "PATCH", $"{Pods}/{name}", Encoding.UTF8.GetBytes(patch), "application/merge-patch+json");
}
