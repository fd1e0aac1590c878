using System.Buffers.Binary;

namespace Foretell.TestKit;

/// <summary>Damages files as a bad disk, a cut download or a hostile writer would: flipped bits, spliced ranges, absurd lengths, cuts.</summary>
/// <param name="whole">The file that is damaged.</param>
/// <param name="sensitive">Bytes from the beginning that most edits fall into.</param>
public sealed class FileMutator(byte[] whole, int sensitive, int seed)
{
    private static readonly ulong[] s_absurd = [0, 1, 2, 7, 63, 255, 65_536, int.MaxValue, uint.MaxValue, 1UL << 40, long.MaxValue, ulong.MaxValue, ulong.MaxValue - 7];

    private readonly Random _random = new(seed);

    /// <summary>The next damaged file, of one to three edits.</summary>
    public byte[] Next()
    {
        List<byte> bytes = [.. whole];
        for (int edits = _random.Next(1, 4); edits > 0 && bytes.Count > 0; edits--)
        {
            int at = _random.Next(Math.Min(bytes.Count, _random.Next(8) == 0 ? bytes.Count : sensitive));
            switch (_random.Next(7))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)"0123456789[]{},:\"-e.u\\ "[_random.Next(23)];
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(_random.Next(1, 64), bytes.Count - at)));
                    break;
                case 3:
                    bytes.RemoveRange(at, Math.Min(_random.Next(1, 16), bytes.Count - at));
                    break;
                case 4:
                    int from = _random.Next(bytes.Count);
                    List<byte> piece = bytes.GetRange(from, Math.Min(_random.Next(1, 64), bytes.Count - from));
                    for (int i = 0; i < piece.Count && at + i < bytes.Count; i++)
                    {
                        bytes[at + i] = piece[i];
                    }
                    break;
                case 5:
                    byte[] number = new byte[8];
                    BinaryPrimitives.WriteUInt64LittleEndian(number, s_absurd[_random.Next(s_absurd.Length)]);
                    for (int i = 0; i < (_random.Next(2) == 0 ? 4 : 8) && at + i < bytes.Count; i++)
                    {
                        bytes[at + i] = number[i];
                    }
                    break;
                default:
                    if (_random.Next(4) == 0)
                    {
                        bytes.RemoveRange(at, bytes.Count - at);
                    }
                    break;
            }
        }
        return [.. bytes];
    }
}
