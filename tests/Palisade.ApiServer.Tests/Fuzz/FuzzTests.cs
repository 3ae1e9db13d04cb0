using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;
using Xunit;

namespace Palisade.ApiServer.Tests.Fuzz;

/// <summary>
/// Requests made up from the schemas and damaged at random, to a server of their own over HTTP: each gets an answer
/// that is no failure of the server's, memory stays bounded, and whatever was stored can be written again as it is.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Workers = 8;
    private const long MostBytes = 700L * 1024 * 1024;

    // A kind that the server does not have of itself.
    private static readonly string _gadgets =
        Custom.DefinitionTests.Definition("gadgets", "fuzz.example", "Gadget");

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    /// <summary>10,000 requests; PALISADE_FUZZ says otherwise, and PALISADE_NIGHTLY=1 makes it 1,000,000.</summary>
    private static readonly int _requests =
        int.TryParse(Environment.GetEnvironmentVariable("PALISADE_FUZZ"), out var wanted) ? wanted
        : Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1" ? 1_000_000 : 10_000;

    private static readonly int _seed =
        int.TryParse(Environment.GetEnvironmentVariable("PALISADE_FUZZ_SEED"), out var seed) ? seed : 1;

    [Fact]
    public async Task No_request_makes_the_server_fail()
    {
        // In memory where there is a place for it: a million writes need not reach a disk.
        var parent = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        var directory = Directory.CreateDirectory(Path.Combine(parent, $"palisade-fuzz-{Guid.NewGuid():n}"));
        try
        {
            await using var server = await EmbeddedApiServer.StartAsync(
                new ApiServerOptions { DataDirectory = Path.Combine(directory.FullName, "data") });
            using var client = new Client(server);
            await Define(client);
            var resources = await ServedBy(client);
            Assert.Contains(resources, served => served.Plural == "gadgets");
            var codes = new ConcurrentDictionary<int, int>();
            var next = -1;
            await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(async () =>
            {
                for (int i; (i = Interlocked.Increment(ref next)) < _requests;)
                {
                    if (i % 500 == 0)
                        await Renew(client, resources);
                    await Try(client, resources, i, codes);
                }
            })));
            output.WriteLine(string.Join(", ", codes.OrderBy(c => c.Key).Select(c => $"{c.Key}: {c.Value}")));
            // Neither harmless nor fatal: objects were made, changed, refused at each stage and deleted.
            Assert.All([200, 201, 400, 404, 409, 415, 422], code =>
                Assert.True(codes.GetValueOrDefault(code) > _requests / 1000, $"too few answers were {code}"));
            await Define(client);
            await StoredIsValid(client, resources);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task Try(
        Client client, IReadOnlyList<Served> resources, int i, ConcurrentDictionary<int, int> codes)
    {
        var request = new RequestGenerator(resources, new Random(unchecked((_seed * 7_919) + i))).Next();
        var told = $"seed {_seed}, request {i}: {request}";
        try
        {
            var answer = await client.Begin(request.Method, request.Path, request.Body, request.Type, request.Accept)
                .WaitAsync(_patience);
            var code = (int)answer.Code;
            codes.AddOrUpdate(code, 1, (_, count) => count + 1);
            Assert.True(code is < 500 or 501 or 503 or 504, $"{told}\n{code} {answer.Text}");
            if (code >= 400 && answer.Body.Length > 0)
                Assert.True(IsStatus(answer), $"{told}\n{code} {answer.Text}");
        }
        catch (Exception e) when (e is TimeoutException or HttpRequestException or OperationCanceledException)
        {
            Assert.Fail($"{told}\n{e}");
        }

        if (i % 1000 == 0)
            Assert.True(GC.GetTotalMemory(i % 20_000 == 0) < MostBytes, $"{told}: too much memory");
    }

    private static bool IsStatus(Answer answer)
    {
        try
        {
            var body = answer.IsYaml
                ? WireJson.ToNode(BodyDecoder.OfYaml(answer.Body, why => why).Value)
                : JsonNode.Parse(answer.Body);
            return body is JsonObject json && (string?)json["kind"] == "Status"
                && $"{json["code"]}" == $"{(int)answer.Code}";
        }
        catch (System.Text.Json.JsonException)
        {
            return false;
        }
    }

    // Deleted definitions take a resource away that the requests are about.
    private static async Task Define(Client client)
    {
        foreach (var definition in (string[])[CustomKinds.ClusterNetworkPolicyDefinition().ToJsonString(), _gadgets])
            await client.Post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
    }

    // What every fuzzed object lives in, and an end to what has piled up (generated names, finalizers).
    private static async Task Renew(Client client, IReadOnlyList<Served> resources)
    {
        await Define(client);
        foreach (var ns in (string[])["fuzz-0", "fuzz-1"])
            await client.Post("/api/v1/namespaces", $"{{\"metadata\":{{\"name\":\"{ns}\"}}}}");
        foreach (var served in resources)
        {
            var all = served.Root + served.Plural;
            var list = await client.Get(all + "?limit=200");
            foreach (var item in list.Json["items"]?.AsArray().Skip(20) ?? [])
            {
                var path = PathOf(served, item!.AsObject());
                await client.Send(
                    "PATCH", path, "{\"metadata\":{\"finalizers\":null}}"u8.ToArray(), "application/merge-patch+json");
                await client.Send("DELETE", path, null);
            }
        }
    }

    // Every object is as its schema has it: read, sent back strictly, and nothing changes.
    private static async Task StoredIsValid(Client client, IReadOnlyList<Served> resources)
    {
        var seen = 0;
        foreach (var served in resources)
        {
            var list = await client.Get(served.Root + served.Plural);
            Assert.True((int)list.Code == 200, list.Text);
            var table = await client.Get(served.Root + served.Plural, "application/json;as=Table;v=v1;g=meta.k8s.io");
            Assert.True((int)table.Code == 200, table.Text);
            foreach (var item in list.Json["items"]!.AsArray())
            {
                var path = PathOf(served, item!.AsObject());
                var stored = await client.Get(path);
                Assert.True((int)stored.Code == 200, $"{path}: {stored.Text}");
                var again = await client.Send("PUT", path + "?fieldValidation=Strict&dryRun=All", stored.Body);
                Assert.True((int)again.Code == 200, $"{again.Text}\n{stored.Text}");
                Assert.Equal(stored.Text, again.Text);
                seen++;
            }
        }

        Assert.True(seen > 20, "hardly anything was stored");
    }

    private static string PathOf(Served served, JsonObject item) =>
        served.Root + (served.Namespaced ? $"namespaces/{item["metadata"]!["namespace"]}/" : "")
        + $"{served.Plural}/{item["metadata"]!["name"]}";

    private static async Task<IReadOnlyList<Served>> ServedBy(Client client)
    {
        var groups = (await client.Get("/apis")).Json["groups"]!.AsArray()
            .SelectMany(group => group!["versions"]!.AsArray())
            .Select(version => "/apis/" + (string)version!["groupVersion"]!);
        var resources = new List<Served>();
        foreach (var root in groups.Prepend("/api/v1"))
        {
            var list = (await client.Get(root)).Json;
            foreach (var resource in list["resources"]!.AsArray())
            {
                var plural = (string)resource!["name"]!;
                var verbs = resource["verbs"]!.AsArray().Select(verb => (string)verb!);
                var kind = ApiKinds.Find((string)list["groupVersion"]!, (string)resource["kind"]!)
                    ?? CustomKinds.Of(JsonNode.Parse(_gadgets)!.AsObject())
                        .Select(made => made.Kind).FirstOrDefault(made => made.Kind == (string)resource["kind"]!);
                if (!plural.Contains('/') && kind is not null && verbs.Contains("list") && verbs.Contains("create"))
                    resources.Add(new(root + "/", plural, (bool)resource["namespaced"]!, kind));
            }
        }

        return resources;
    }
}
