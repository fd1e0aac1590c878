using System.ClientModel;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Foretell.Server.Storage;
using Microsoft.Extensions.DependencyInjection;
using OpenAI;
using OpenAI.Files;

namespace Foretell.Server.Tests.Files;

public sealed class FilesEndpointTests
{
    [Fact]
    public async Task Files_ByTheOfficialClient_AreUploadedListedReadAndDeleted()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        var client = new OpenAIFileClient(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(server.Address, "/v1") });
        byte[] bytes = Encoding.UTF8.GetBytes("{\"messages\":[]}\n");
        OpenAIFile file = await client.UploadFileAsync(BinaryData.FromBytes(bytes), "lessons \u00e4.jsonl", FileUploadPurpose.FineTune);
        Assert.StartsWith("file-", file.Id);
        Assert.Equal("lessons \u00e4.jsonl", file.Filename);
        Assert.Equal(bytes.Length, file.SizeInBytes);
        Assert.Equal(FilePurpose.FineTune, file.Purpose);
        OpenAIFile other = await client.UploadFileAsync(BinaryData.FromString("x"), "x.txt", FileUploadPurpose.Batch);

        Assert.Equal([other.Id, file.Id], (await client.GetFilesAsync()).Value.Select(one => one.Id));
        Assert.Equal([file.Id], (await client.GetFilesAsync(FilePurpose.FineTune)).Value.Select(one => one.Id));
        Assert.Equal(file.Filename, (await client.GetFileAsync(file.Id)).Value.Filename);
        Assert.Equal(bytes, (await client.DownloadFileAsync(file.Id)).Value.ToArray());
        Assert.True((await client.DeleteFileAsync(file.Id)).Value.Deleted);
        ClientResultException gone = await Assert.ThrowsAsync<ClientResultException>(() => client.GetFileAsync(file.Id));
        Assert.Equal(404, gone.Status);
        Assert.Equal([other.Id], Directory.GetFiles(Area(server)).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("../../etc/passwd", "passwd")]
    [InlineData("..\\..\\boot.ini", "boot.ini")]
    [InlineData("..", "file")]
    [InlineData("", "file")]
    [InlineData("a\u0001b\u007f.txt", "ab.txt")]
    public async Task Upload_UnderAnHostileName_KeepsOnlyAHarmlessOne(string given, string expected)
    {
        Assert.Equal(expected, Server.Files.FileName.Of(given));
        await using RunningServer server = await RunningServer.StartAsync();
        (int status, JsonElement file) = await UploadAsync(server, Encoding.UTF8.GetBytes("x"), given.Any(char.IsControl) ? "ab.txt" : given, "user_data");
        Assert.Equal(200, status);
        Assert.Equal(expected, file.GetProperty("filename").GetString());
        Assert.Equal(file.GetProperty("id").GetString(), Path.GetFileName(Assert.Single(Directory.GetFiles(Area(server)))));
    }

    [Theory]
    [InlineData("purpose", "user_data", 100, 413, "file_too_large")]
    [InlineData("purpose", "fun", 5, 400, "invalid_value")]
    [InlineData("porpoise", "user_data", 5, 400, "missing_required_parameter")]
    [InlineData("purpose", "user_data", 0, 400, "invalid_file")]
    [InlineData("purpose", "user_data", 200_000, 413, "file_too_large")]
    public async Task Upload_ThatIsRefused_LeavesNothing(string field, string value, int bytes, int expected, string code)
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options with { MaximumFileBytes = 64 });
        using var form = new MultipartFormDataContent { { new ByteArrayContent(new byte[bytes]), "file", "a.txt" }, { new StringContent(value), field } };
        using HttpResponseMessage response = await server.Client.PostAsync("/v1/files", form);
        Assert.Equal(expected, (int)response.StatusCode);
        Assert.Equal(code, (await RunningServer.ReadAsync(response)).GetProperty("error").GetProperty("code").GetString());
        Assert.Empty(Directory.GetFiles(Area(server)));
        Assert.Empty((await server.GetAsync("/v1/files")).Body.GetProperty("data").EnumerateArray());
    }

    [Theory]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf a fi")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Dispo")]
    [InlineData("multipart/form-data; boundary=b", "garbage")]
    [InlineData("multipart/form-data", "x")]
    [InlineData("application/json", "{}")]
    public async Task Upload_ThatIsNoWholeForm_IsA400AndLeavesNothing(string type, string body)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        using HttpResponseMessage response = await server.Client.PostAsync("/v1/files", content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("invalid_request_error", (await RunningServer.ReadAsync(response)).GetProperty("error").GetProperty("type").GetString());
        Assert.Empty(Directory.GetFiles(Area(server)));
    }

    [Fact]
    public async Task List_ByPages_FollowsAfterAndOrder()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        var ids = new List<string>();
        for (int i = 0; i < 5; i++)
        {
            ids.Add((await UploadAsync(server, [1], $"{i}", "batch")).Body.GetProperty("id").GetString()!);
        }
        (_, JsonElement first) = await server.GetAsync("/v1/files?limit=2&order=asc");
        Assert.Equal(ids[..2], Ids(first));
        Assert.True(first.GetProperty("has_more").GetBoolean());
        Assert.Equal(ids[0], first.GetProperty("first_id").GetString());
        (_, JsonElement rest) = await server.GetAsync($"/v1/files?limit=3&order=asc&after={first.GetProperty("last_id").GetString()}");
        Assert.Equal(ids[2..], Ids(rest));
        Assert.False(rest.GetProperty("has_more").GetBoolean());
        Assert.Equal(ids.AsEnumerable().Reverse(), Ids((await server.GetAsync("/v1/files")).Body));
        foreach (string query in (string[])["limit=0", "limit=10001", "limit=x", "order=up"])
        {
            (int status, JsonElement wrong) = await server.GetAsync($"/v1/files?{query}");
            Assert.Equal(400, status);
            Assert.Equal(query[..query.IndexOf('=')], wrong.GetProperty("error").GetProperty("param").GetString());
        }
    }

    [Fact]
    public async Task Get_OfAnExpiredFile_Is404AndAPathIsNoId()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        using var form = new MultipartFormDataContent { { new ByteArrayContent([1]), "file", "a" }, { new StringContent("batch"), "purpose" }, { new StringContent("created_at"), "expires_after[anchor]" }, { new StringContent("3600"), "expires_after[seconds]" } };
        using HttpResponseMessage response = await server.Client.PostAsync("/v1/files", form);
        JsonElement file = await RunningServer.ReadAsync(response);
        Assert.Equal(3600, file.GetProperty("expires_at").GetInt64() - file.GetProperty("created_at").GetInt64());
        Database database = server.App.Services.GetRequiredService<Database>();
        await database.WriteAsync(session => session.ExecuteAsync("UPDATE files SET expires = 1"), default);
        Assert.Equal(404, (await server.GetAsync($"/v1/files/{file.GetProperty("id").GetString()}")).Status);
        await server.App.Services.GetRequiredService<Server.Files.FileArea>().ExpireAsync(default);
        Assert.Empty(Directory.GetFiles(Area(server)));
        Assert.Equal(404, (await server.GetAsync("/v1/files/..%2F..%2Fforetell.db/content")).Status);
    }

    [Fact]
    public async Task Start_AfterACrash_SweepsWhatHasNoRecord()
    {
        using var folder = new TemporaryFolder();
        await using (RunningServer server = await RunningServer.StartAsync(options => options with { DataFolder = folder.Path }))
        {
            Assert.Equal(200, (await UploadAsync(server, [1], "a", "batch")).Status);
        }
        File.WriteAllText(Path.Combine(folder.Path, "files", "file-1.partial"), "half");
        File.WriteAllText(Path.Combine(folder.Path, "files", "file-2"), "no record");
        await using RunningServer again = await RunningServer.StartAsync(options => options with { DataFolder = folder.Path });
        Assert.Single(Directory.GetFiles(Path.Combine(folder.Path, "files")));
        Assert.Single((await again.GetAsync("/v1/files")).Body.GetProperty("data").EnumerateArray());
        IOException taken = await Assert.ThrowsAsync<IOException>(() => RunningServer.StartAsync(options => options with { DataFolder = folder.Path }));
        Assert.Contains("Another server", taken.Message);
    }

    internal static async Task<(int Status, JsonElement Body)> UploadAsync(RunningServer server, byte[] bytes, string name, string purpose)
    {
        using var part = new ByteArrayContent(bytes);
        part.Headers.TryAddWithoutValidation("Content-Disposition", $"form-data; name=\"file\"; filename=\"{name}\"");
        using var form = new MultipartFormDataContent { { new StringContent(purpose), "purpose" }, part };
        using HttpResponseMessage response = await server.Client.PostAsync("/v1/files", form);
        return ((int)response.StatusCode, await RunningServer.ReadAsync(response));
    }

    private static string Area(RunningServer server) => server.App.Services.GetRequiredService<DataFolder>().Files;

    private static IEnumerable<string?> Ids(JsonElement list) => list.GetProperty("data").EnumerateArray().Select(file => file.GetProperty("id").GetString());
}
